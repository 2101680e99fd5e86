use super::*;

fn input() -> AppInput {
    AppInput {
        name: " 报销 ".to_owned(),
        address: " https://oa.example.com/expenses?a=1 ".to_owned(),
        description: "差旅与日常费用".to_owned(),
        icon: "money".to_owned(),
        colour: "teal".to_owned(),
        is_for_all: false,
        departments: BTreeSet::from([7, -3, 0]),
        is_shown: true,
    }
}

#[test]
fn a_whole_draft_becomes_an_app() {
    let app = App::parse(&input()).unwrap();
    assert_eq!(
        (app.name.as_str(), app.address.as_str()),
        ("报销", "https://oa.example.com/expenses?a=1")
    );
    assert_eq!(
        app.audience,
        Audience::Departments(BTreeSet::from([7])),
        "ids at or below zero are no departments"
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let bad = AppInput {
        name: "\u{0} \n".to_owned(),
        address: String::new(),
        description: "长".repeat(81),
        icon: "skull".to_owned(),
        colour: "pink".to_owned(),
        departments: BTreeSet::new(),
        ..input()
    };
    assert_eq!(
        App::parse(&bad).unwrap_err(),
        [
            FieldError::NameMissing,
            FieldError::AddressMissing,
            FieldError::DescriptionTooLong,
            FieldError::UnknownIcon,
            FieldError::UnknownColour,
            FieldError::NoDepartment
        ]
    );
}

#[test]
fn an_address_leads_safely_to_one_place() {
    for good in [
        "https://oa.example.com",
        "https://10.0.0.7:8443/x#y",
        "http://127.0.0.1:3000/",
        "http://localhost",
        "HTTPS://例子.example/",
    ] {
        assert!(address(good).is_ok(), "{good}");
    }
    for (bad, fault) in [
        ("oa.example.com", FieldError::NotAnAddress),
        ("oa.example.com:8080/x", FieldError::NotAnAddress),
        ("//oa.example.com", FieldError::NotAnAddress),
        ("javascript:alert(1)", FieldError::NotAnAddress),
        ("data:text/html,x", FieldError::NotAnAddress),
        ("ftp://oa.example.com/", FieldError::NotAnAddress),
        ("https://", FieldError::NotAnAddress),
        ("http://oa.example.com/", FieldError::NotHttps),
        ("http://10.0.0.7/", FieldError::NotHttps),
        ("http://localhost.example.com/", FieldError::NotHttps),
        (
            "https://user:secret@oa.example.com/",
            FieldError::Credentials,
        ),
        ("https://user@oa.example.com/", FieldError::Credentials),
        ("https://:secret@oa.example.com/", FieldError::Credentials),
    ] {
        assert_eq!(address(bad), Err(fault), "{bad}");
    }
    let long = format!("https://oa.example.com/{}", "x".repeat(MAX_ADDRESS));
    assert_eq!(address(&long), Err(FieldError::AddressTooLong));
}

#[test]
fn letters_are_the_beginning_of_a_name() {
    for (name, shown) in [
        ("报销系统", "报销"),
        ("云", "云"),
        ("Jira", "J"),
        ("time sheet", "TS"),
        ("OA 办公", "OA"),
        ("CRM", "C"),
        ("e签宝", "E"),
        ("（测试）报表", "测试"),
        ("🚀", "🚀"),
        ("Émile", "É"),
    ] {
        assert_eq!(letters(name), shown, "{name}");
    }
}

#[test]
fn a_place_is_host_and_port() {
    assert_eq!(place("https://oa.example.com/x?y"), "oa.example.com");
    assert_eq!(place("http://[::1]:8080/x"), "[::1]:8080");
}

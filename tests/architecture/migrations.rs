//! That migrations can run while instances of the version before serve people (CONTRIBUTING.md, "The checked
//! queries"), as far as that shows in their text.

use crate::tree::read_all;

/// The last one of the first schema, which no version precedes.
const BASELINE: &str = "migrations/20261130101200";

/// One statement without comments, in capitals, its words parted by single blanks.
type Statement = String;

/// The statements of a file. What stands between dollar signs is the text of a function.
fn statements(sql: &str) -> Vec<Statement> {
    let bodiless: String = sql.split("$$").step_by(2).collect();
    let code: Vec<&str> = bodiless
        .lines()
        .map(|line| line.split("--").next().unwrap())
        .collect();
    let code = code.join(" ").replace('(', " ( ").replace(')', " ) ");
    code.split(';')
        .map(|statement| {
            let words: Vec<&str> = statement.split_whitespace().collect();
            words.join(" ").to_uppercase()
        })
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// The word behind the last of these.
fn word_after<'a>(statement: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = statement.split_once(words)?;
    rest.split_whitespace().next()
}

/// The actions of an ALTER TABLE, parted at commas outside of brackets.
fn actions(statement: &str) -> Vec<String> {
    let mut depth = 0;
    let mut all = vec![String::new()];
    for c in statement.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            all.push(String::new());
        } else {
            all.last_mut().unwrap().push(c);
        }
    }
    all
}

/// What is wrong with one action on a table that is in use.
fn fault_of_action(action: &str) -> Option<&'static str> {
    let has = |words: &str| action.contains(words);
    let is_column = has("ADD COLUMN ");
    if has(" ALTER COLUMN ") && has(" TYPE ") {
        return Some("changes the type of a column in place");
    }
    if has(" RENAME ") {
        return Some("renames what the version before uses");
    }
    if is_column
        && [" UNIQUE", " PRIMARY KEY", " REFERENCES ", " CHECK "]
            .iter()
            .any(|words| has(words))
    {
        return Some("adds a column whose constraint is checked while the table is locked");
    }
    if is_column && has(" NOT NULL") && !has(" DEFAULT ") {
        return Some("adds a column that the version before does not fill");
    }
    let adds_constraint = has(" ADD CONSTRAINT ") || has(" ADD CHECK ") || has(" ADD FOREIGN KEY ");
    if adds_constraint && !has(" NOT VALID") && !has(" USING INDEX ") {
        return Some("adds a constraint that is checked while the table is locked: add NOT VALID");
    }
    None
}

fn faults(sql: &str) -> Vec<String> {
    let all = statements(sql);
    let tables: Vec<&str> = all
        .iter()
        .filter_map(|one| word_after(one, "CREATE TABLE "))
        .collect();
    let is_apart = sql.starts_with("-- no-transaction\n");
    let mut faults = Vec::new();
    if is_apart && all.len() != 1 {
        faults.push("is no-transaction and has several statements".to_owned());
    }
    let raises_version = all
        .iter()
        .any(|one| one.starts_with("UPDATE SCHEMA_REQUIREMENT "));
    for one in &all {
        let is_index = one.starts_with("CREATE INDEX ") || one.starts_with("CREATE UNIQUE INDEX ");
        if is_index && word_after(one, " ON ").is_some_and(|table| !tables.contains(&table)) {
            let is_right = is_apart && one.contains(" INDEX CONCURRENTLY IF NOT EXISTS ");
            if !is_right {
                faults.push(format!("locks the table while it makes an index: {one}"));
            }
        }
        if word_after(one, "ALTER TABLE ").is_some_and(|table| !tables.contains(&table)) {
            let wrong = actions(one);
            faults.extend(
                wrong
                    .iter()
                    .filter_map(|action| fault_of_action(&format!(" {action} ")))
                    .map(str::to_owned),
            );
        }
        let takes_away = one.contains("DROP TABLE ") || one.contains("DROP COLUMN ");
        if takes_away && !raises_version {
            faults.push("takes something away without raising min_version".to_owned());
        }
    }
    faults
}

#[test]
fn migrations_can_run_next_to_the_version_before() {
    let mut all = Vec::new();
    for (file, sql) in read_all("migrations", ".sql") {
        if file.as_str() > BASELINE && !file.starts_with(BASELINE) {
            all.extend(
                faults(&sql)
                    .into_iter()
                    .map(|fault| format!("{file} {fault}")),
            );
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn each_fault_is_found() {
    for bad in [
        "CREATE INDEX a ON staff (name);",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON staff (name);",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY a ON staff (name);",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a ON staff (name); SELECT 1;",
        "ALTER TABLE staff ALTER COLUMN name TYPE varchar(9);",
        "ALTER TABLE staff RENAME COLUMN name TO title;",
        "ALTER TABLE staff ADD COLUMN a text, ADD COLUMN b text UNIQUE;",
        "ALTER TABLE staff ADD COLUMN a text NOT NULL;",
        "ALTER TABLE staff ADD COLUMN a text DEFAULT 'x' CHECK (a IN ('x', 'y'));",
        "ALTER TABLE staff ADD CONSTRAINT a CHECK (name <> '');",
        "ALTER TABLE staff DROP COLUMN name;",
        "DROP TABLE staff;",
    ] {
        assert_eq!(faults(bad).len(), 1, "{bad} {:?}", faults(bad));
    }
}

#[test]
fn what_is_safe_is_allowed() {
    for good in [
        "CREATE TABLE a (b text CHECK (b <> '')); CREATE INDEX c ON a (b); ALTER TABLE a ADD COLUMN d text UNIQUE;",
        "-- no-transaction\n-- Why.\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a ON staff (name);",
        "ALTER TABLE staff ADD COLUMN a boolean NOT NULL DEFAULT false;",
        "ALTER TABLE staff ADD CONSTRAINT a CHECK (name IN ('x', 'y')) NOT VALID;",
        "ALTER TABLE staff VALIDATE CONSTRAINT a;",
        "ALTER TABLE staff DROP COLUMN a; UPDATE schema_requirement SET min_version = '0.2.0';",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ ALTER TABLE staff RENAME TO x; $$;",
    ] {
        assert_eq!(faults(good), [""; 0], "{good}");
    }
}

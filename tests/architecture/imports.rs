//! The modules that a source names, however it writes them: in a `use`, in a path, inside a macro.

use std::collections::HashMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tree::module_of;

/// A path of this crate that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub line: usize,
    /// Whether only tests name it.
    pub is_test: bool,
    /// From the crate's root on: `["store", "staff", "Row"]`.
    pub path: Vec<String>,
}

/// Returns the paths of this crate that a file names, in the order of the text.
pub fn imports(file: &str, text: &str) -> Vec<Import> {
    let module: Vec<String> = module_of(file).into_iter().map(str::to_owned).collect();
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    let is_test = module.iter().any(|name| name == "tests");
    let mut reader = Reader::default();
    // `lib.rs` and `main.rs` are the crate's root.
    let module = if matches!(file, "src/lib.rs" | "src/main.rs") {
        Vec::new()
    } else {
        module
    };
    reader.read(tokens, &module, is_test);
    reader.found
}

pub fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[derive(Default)]
struct Reader {
    found: Vec<Import>,
    /// What the `use` declarations so far have given a name in this file.
    names: HashMap<String, Vec<String>>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream, module: &[String], is_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(name),
                    TokenTree::Group(body),
                    ..,
                ] if word == "mod" => {
                    let mut inner = module.to_vec();
                    inner.push(name.to_string());
                    self.read(body.stream(), &inner, is_test || name == "tests");
                    3
                }
                [TokenTree::Group(group), ..] => {
                    self.read(group.stream(), module, is_test);
                    1
                }
                [TokenTree::Ident(_), ..] if !ends_in_colons(&tokens[..at]) => {
                    self.read_path(rest, module, is_test).max(1)
                }
                _ => 1,
            };
        }
    }

    /// Records the path that begins here; returns the number of its tokens, or 0 if it is not one of this crate.
    fn read_path(&mut self, tokens: &[TokenTree], module: &[String], is_test: bool) -> usize {
        let [TokenTree::Ident(first), tail @ ..] = tokens else {
            return 0;
        };
        if !begins_with_colons(tail) {
            return 0;
        }
        let base = match first.to_string().as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => parent(module),
            name => match self.names.get(name) {
                Some(path) => path.clone(),
                None => return 0,
            },
        };
        let line = first.span().start().line;
        let before = self.found.len();
        let used = self.read_tail(tail, base, line, is_test);
        let known: Vec<Vec<String>> = self.found[before..]
            .iter()
            .map(|i| i.path.clone())
            .collect();
        for path in known {
            if let Some(name) = path.last() {
                self.names.entry(name.clone()).or_insert(path);
            }
        }
        used + 1
    }

    /// Reads `::a::b`, `::{a, b::c}` or `::*` after a path; returns the number of tokens.
    fn read_tail(
        &mut self,
        tokens: &[TokenTree],
        mut path: Vec<String>,
        line: usize,
        is_test: bool,
    ) -> usize {
        let mut used = 0;
        while begins_with_colons(&tokens[used..]) {
            match &tokens.get(used + 2) {
                Some(TokenTree::Ident(name)) if *name == "super" => path = parent(&path),
                Some(TokenTree::Ident(name)) => path.push(name.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.read_members(group.stream(), &path, is_test);
                    return used + 3;
                }
                _ => break,
            }
            used += 3;
        }
        self.found.push(Import {
            line,
            is_test,
            path,
        });
        used
    }

    fn read_members(&mut self, tokens: TokenStream, path: &[String], is_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        for member in tokens.split(is_comma) {
            let Some(TokenTree::Ident(name)) = member.first() else {
                continue;
            };
            let mut path = path.to_vec();
            if name != "self" {
                path.push(name.to_string());
            }
            let line = name.span().start().line;
            self.read_tail(&member[1..], path, line, is_test);
        }
    }
}

fn parent(module: &[String]) -> Vec<String> {
    let mut parent = module.to_vec();
    parent.pop();
    parent
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

fn begins_with_colons(tokens: &[TokenTree]) -> bool {
    tokens.len() > 2 && tokens[..2].iter().all(is_colon)
}

fn ends_in_colons(tokens: &[TokenTree]) -> bool {
    tokens.len() > 1 && tokens[tokens.len() - 2..].iter().all(is_colon)
}

fn paths(file: &str, text: &str) -> Vec<String> {
    let imports = imports(file, text);
    imports
        .iter()
        .map(|import| import.path.join("::"))
        .collect()
}

#[test]
fn paths_are_found_however_they_are_written() {
    for (file, text, expected) in [
        (
            "src/domain/ids.rs",
            "use crate::store::StoreError;",
            &["store::StoreError"] as &[&str],
        ),
        (
            "src/store/staff.rs",
            "use crate::{\n    domain::{ids::UserId, person::Person},\n    service::login,\n};",
            &[
                "domain::ids::UserId",
                "domain::person::Person",
                "service::login",
            ],
        ),
        (
            "src/service/login.rs",
            "use super::super::http::page;",
            &["http::page"],
        ),
        (
            "src/service/login.rs",
            "use crate::store;\nfn f() { store::staff::read(); vec![crate::app::x()] }",
            &["store", "store::staff::read", "app::x"],
        ),
        (
            "src/domain/ids.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::super::http::page;\n}",
            &["http::page"],
        ),
        (
            "src/domain/ids.rs",
            "// crate::http does not matter\npub(crate) fn f() -> &'static str { \"crate::http\" }\nuse std::fmt;",
            &[],
        ),
        ("src/lib.rs", "use self::app::start;", &["app::start"]),
    ] {
        assert_eq!(paths(file, text), expected, "{file}: {text}");
    }
}

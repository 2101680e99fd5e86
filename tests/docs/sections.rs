//! The sections of a page, reduced to what does not depend on its language.

use std::collections::BTreeSet;

/// What begins the name of a setting or a command.
const SETTINGS: [&str; 4] = ["DINGGATE_", "DINGTALK_", "SIM_", "DATABASE_URL"];
const COMMANDS: [&str; 4] = ["dinggate ", "make ", "dingtalk-sim ", "scripts/"];

/// Generated lists stand in the English page alone.
const GENERATED: (&str, &str) = ("<!-- modules:", "<!-- end of modules -->");

#[derive(Default)]
pub struct Section {
    /// The heading's text, for messages; empty before the first heading.
    pub title: String,
    /// The number of `#`.
    pub level: usize,
    /// For each row of a table: what its cells have in both languages.
    pub rows: Vec<Vec<Cell>>,
    /// The lines of each block of code.
    pub blocks: Vec<Vec<String>>,
    /// The number of items in lists.
    pub items: usize,
    /// The settings and commands that the text names.
    pub names: BTreeSet<String>,
    /// Everything else.
    pub prose: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Cell {
    /// The codes of a cell in the first column.
    First(Vec<String>),
    /// A cell that is one code.
    Code(String),
    Words,
}

/// Splits a page into its sections.
pub fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut block: Option<Vec<String>> = None;
    for line in without_generated(page).lines() {
        let section = sections.last_mut().unwrap();
        match &mut block {
            Some(lines) if line.trim().starts_with("```") => {
                section.blocks.push(std::mem::take(lines));
                block = None;
            }
            Some(lines) => lines.push(line.trim().to_owned()),
            None if line.trim().starts_with("```") => block = Some(vec![line.trim().to_owned()]),
            None => match heading(line) {
                Some((level, title)) => sections.push(Section {
                    title: title.to_owned(),
                    level,
                    ..Section::default()
                }),
                None => section.add(line),
            },
        }
    }
    assert!(block.is_none(), "a block of code has no end");
    sections
}

/// The level and the text of a heading.
pub fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    (level > 0 && title.starts_with(' ')).then(|| (level, title.trim()))
}

/// The texts between backticks.
pub fn codes(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

impl Section {
    fn add(&mut self, line: &str) {
        let text = line.trim_start();
        if let Some(row) = text.strip_prefix('|') {
            self.rows.push(cells(row));
        } else if text.starts_with("- ") || is_numbered(text) {
            self.items += 1;
        }
        self.names.extend(names(text));
        self.prose.push_str(text);
        self.prose.push('\n');
    }
}

fn is_numbered(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.starts_with(". ")
}

fn cells(row: &str) -> Vec<Cell> {
    let row = row.replace("\\|", "/");
    let cells = row.trim().trim_end_matches('|').split('|').map(str::trim);
    cells
        .enumerate()
        .map(|(at, cell)| {
            let codes = codes(cell);
            let is_code = codes.len() == 1 && cell.len() == codes[0].len() + 2;
            match at {
                0 => Cell::First(codes),
                _ if is_code => Cell::Code(codes[0].clone()),
                _ => Cell::Words,
            }
        })
        .collect()
}

fn names(line: &str) -> impl Iterator<Item = String> {
    let commands = codes(line)
        .into_iter()
        .filter(|code| COMMANDS.iter().any(|start| code.starts_with(start)));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let settings = line
        .split(move |c| !is_name(c))
        .filter(|word| SETTINGS.iter().any(|start| word.starts_with(start)))
        .map(str::to_owned);
    commands.chain(settings)
}

fn without_generated(page: &str) -> String {
    let Some((before, rest)) = page.split_once(GENERATED.0) else {
        return page.to_owned();
    };
    let (_, after) = rest.split_once(GENERATED.1).unwrap();
    format!("{before}{after}")
}

//! What calls cost, by a table of rates.
//!
//! Owns: the table's form, and that the longest prefix decides. Refuses: how a carrier rounds: it is an estimate, by the second.
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Millionths of a currency's unit.
const UNIT: f64 = 1_000_000.0;
/// The most digits of a prefix.
const DIGITS: usize = 15;
/// Lines of a table at most.
const LINES: usize = 1_000_000;

/// What a minute costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Millionths of the currency's unit.
    pub price: i64,
    /// The currency, as the table has it.
    pub currency: String,
}

/// Rates by prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    by_prefix: HashMap<String, Rate>,
}

/// What calls cost, by currency, in millionths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost(BTreeMap<String, i64>);

impl Rates {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// A sentence with the file and the line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = std::fs::read(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
        Self::parse(&text).map_err(|(line, why)| format!("{name}:{line}: {why}"))
    }

    /// The same of what stands in the file: lines of prefix, price a minute and currency, with a heading or without.
    ///
    /// # Errors
    ///
    /// The number of the line, and what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, (u64, String)> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(text);
        let (mut rates, mut is_first) = (Self::default(), true);
        for record in reader.records() {
            let record = record.map_err(|error| (error.position().map_or(0, |at| line(text, at)), wrong(&error)))?;
            let line = record.position().map_or(0, |at| line(text, at));
            match rate(&record) {
                Ok((prefix, rate)) => drop(rates.by_prefix.insert(prefix, rate)),
                // A heading.
                Err(_) if is_first && record.iter().all(|cell| !cell.contains(|c: char| c.is_ascii_digit())) => {}
                Err(why) => return Err((line, why)),
            }
            if rates.by_prefix.len() > LINES {
                return Err((line, format!("a table has {LINES} lines at most")));
            }
            is_first = false;
        }
        Ok(rates)
    }

    /// What a minute to an international number costs, `+` and digits.
    pub fn of(&self, key: &str) -> Option<&Rate> {
        let digits = key.strip_prefix('+')?;
        (1..=digits.len().min(DIGITS)).rev().find_map(|len| self.by_prefix.get(digits.get(..len)?))
    }

    /// How many prefixes have a rate.
    pub fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }
}

/// The number of a record's line: what is skipped before it counts as its beginning.
fn line(text: &[u8], at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let skipped =
        rest.split(|byte| *byte == b'\n').take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#"));
    at.line() + skipped.count() as u64
}

fn wrong(error: &csv::Error) -> String {
    if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) { "is no UTF-8".to_owned() } else { error.to_string() }
}

fn rate(record: &csv::StringRecord) -> Result<(String, Rate), String> {
    let [prefix, price, currency] = [0, 1, 2].map(|at| record.get(at).unwrap_or_default());
    if record.len() != 3 {
        return Err("write a prefix, a price a minute and a currency, such as 4930,0.012,EUR".to_owned());
    }
    let prefix = prefix.trim_start_matches('+');
    if prefix.is_empty() || prefix.len() > DIGITS || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{prefix}` is no prefix: write 1 to {DIGITS} digits"));
    }
    let price: f64 = price.parse().map_err(|_| format!("`{price}` is no price: write a number such as 0.012"))?;
    if !(0.0..=10_000.0).contains(&price) {
        return Err(format!("{price} is no price: write 0 to 10000"));
    }
    if currency.is_empty() || currency.chars().count() > 8 || currency.chars().any(char::is_control) {
        return Err("the currency is missing: write EUR, USD …".to_owned());
    }
    Ok((prefix.to_owned(), Rate { price: (price * UNIT).round() as i64, currency: currency.to_owned() }))
}

impl Cost {
    /// Adds a call of so many milliseconds.
    pub fn add(&mut self, rate: &Rate, ms: i64) {
        let cost = i128::from(rate.price) * i128::from(ms) / 60_000;
        let sum = self.0.entry(rate.currency.clone()).or_default();
        *sum = sum.saturating_add(i64::try_from(cost).unwrap_or(i64::MAX));
    }

    /// Sums by currency, in its units.
    pub fn sums(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(currency, sum)| (currency.as_str(), *sum as f64 / UNIT))
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sums: Vec<String> = self.sums().map(|(currency, sum)| format!("{sum:.2} {currency}")).collect();
        f.write_str(&sums.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        let rates =
            Rates::parse(b"prefix,price,currency\n# ours\n49, 0.01, EUR\n+49900,2.5,EUR\n1,0.02,USD\n").unwrap();
        assert_eq!(rates.len(), 3);
        let price = |key| rates.of(key).map(|rate| rate.price);
        assert_eq!(
            (price("+4930123"), price("+49900123"), price("+15"), price("+33")),
            (Some(10_000), Some(2_500_000), Some(20_000), None)
        );
        assert_eq!((price("4930123"), price("+"), price("100")), (None, None, None));
        let mut cost = Cost::default();
        assert_eq!(cost.to_string(), "");
        cost.add(rates.of("+49900123").unwrap(), 90_000);
        cost.add(rates.of("+1555").unwrap(), 60_000);
        assert_eq!(cost.to_string(), "3.75 EUR and 0.02 USD");
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line, why) in [
            ("49,0.01,EUR\n4930,cheap,EUR\n", 2, "`cheap` is no price"),
            ("49,0.01,EUR\n\n49a,1,EUR\n", 3, "`49a` is no prefix"),
            ("49,0.01\n", 1, "write a prefix, a price"),
            ("49,-1,EUR\n", 1, "-1 is no price"),
            ("49,nan,EUR\n", 1, "NaN is no price"),
            ("49,1,\n", 1, "the currency is missing"),
            ("prefix,price,currency\nprefix,price,currency\n", 2, "`prefix` is no prefix"),
        ] {
            let (at, said) = Rates::parse(text.as_bytes()).unwrap_err();
            assert!(at == line && said.contains(why), "{text}: {at}: {said}");
        }
        assert!(Rates::parse(b"49,1,\xff").unwrap_err().1.contains("UTF-8"));
        assert!(Rates::read(Path::new("/nonexistent")).unwrap_err().contains("/nonexistent: cannot be read"));
        assert!(Rates::parse(b"").unwrap().is_empty());
    }
}

//! Which firmware is too old.
//!
//! Owns: patterns of models, and the comparison. Refuses: what follows.
use super::agent::Announced;
use super::version::Version;
use crate::config::Minimum;

/// A pattern of vendors and models: `Yealink T46*`, letters in either case; `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for this.
    pub fn fits(&self, product: &str) -> bool {
        let (pattern, product) = (self.0.to_lowercase(), product.to_lowercase());
        let Some((begin, more)) = pattern.split_once('*') else { return pattern == product };
        let Some(mut rest) = product.strip_prefix(begin) else { return false };
        let mut parts: Vec<&str> = more.split('*').collect();
        let Some(end) = parts.pop() else { return true };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(end)
    }
}

/// The minimum that a device is below, if any: the first one of the config that its model fits.
pub fn outdated<'a>(announced: &Announced, minimums: &'a [Minimum]) -> Option<&'a Minimum> {
    let product = announced.product();
    let minimum = minimums.iter().find(|minimum| minimum.model.pattern().fits(&product))?;
    let version = Version::parse(announced.firmware.as_deref()?)?;
    minimum.firmware.version().filter(|least| version < **least).map(|_| minimum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_str;
    use crate::devices::announced;

    #[test]
    fn patterns_stand_for_models() {
        for (pattern, product, fits) in [
            ("Yealink T46*", "Yealink T46S", true),
            ("yealink t46*", "Yealink T46", true),
            ("Yealink T46*", "Yealink T48S", false),
            ("Snom D7?5", "Snom D785", false),
            ("*", "", true),
            ("*GXP*", "Grandstream GXP2140", true),
            ("Grand*2*0", "Grandstream GXP2140", true),
            ("Grand*2*1", "Grandstream GXP2140", false),
            ("Fanvil X4", "Fanvil X4U", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(product), fits, "{pattern} {product}");
        }
    }

    #[test]
    fn the_first_minimum_that_fits_counts() {
        let config = "[[devices.minimum]]\nmodel = \"Yealink T46S\"\nfirmware = \"66.80\"\n\
                      [[devices.minimum]]\nmodel = \"Yealink*\"\nfirmware = \"66.86.0.15\"\naction = \"alarm\"\n";
        let config = parse_str("t.toml", config).unwrap().config;
        let below = |agent: &str| {
            outdated(&announced(agent), config.devices().minimums())
                .and_then(|it| it.firmware.version())
                .map(ToString::to_string)
        };
        assert_eq!(below("Yealink SIP-T46S 66.85.0.5"), None);
        assert_eq!(below("Yealink SIP-T48S 66.85.0.5").as_deref(), Some("66.86.0.15"));
        assert_eq!(below("Yealink SIP-T48S"), None, "without a version nothing can be said");
        assert_eq!(below("Fanvil X4 1.0"), None);
    }
}

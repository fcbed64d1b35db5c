//! The parts of a token that the hub reads. A token may carry keys, certificates and links to them: they are ignored, and
//! nothing is fetched.

use jiff::{SignedDuration, Timestamp};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};

/// Clocks may differ by this much.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

#[derive(Deserialize)]
pub struct TokenHeader {
    alg: String,
    typ: Option<String>,
    // The rest changes what is signed or how it is read, whether `crit` names it or not.
    #[serde(default)]
    crit: Absent,
    #[serde(default)]
    b64: Absent,
    #[serde(default)]
    zip: Absent,
    #[serde(default)]
    enc: Absent,
    #[serde(default)]
    cty: Absent,
}

impl TokenHeader {
    /// Whether it is the header of a token of this kind.
    pub fn is_accepted(&self) -> bool {
        let Self {
            alg,
            typ,
            crit: Absent,
            b64: Absent,
            zip: Absent,
            enc: Absent,
            cty: Absent,
        } = self;
        // The prefix of a media type may be left out.
        let typ = typ.as_deref().map(str::to_ascii_lowercase);
        let typ = typ
            .as_deref()
            .map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
        alg == "RS256" && matches!(typ, None | Some("jwt" | "at+jwt"))
    }
}

/// A member that must not be there, with any value.
#[derive(Default)]
struct Absent;

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("must be absent"))
    }
}

#[derive(Deserialize)]
pub struct Claims {
    pub sub: String,
    pub iss: String,
    aud: Audience,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    #[serde(default, deserialize_with = "lenient")]
    email: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    email_verified: Option<bool>,
    roles: Option<Vec<String>>,
}

/// One audience: a token for several services is refused.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Text(String),
    List([String; 1]),
}

/// Seconds since the epoch, with or without a fraction (RFC 7519).
struct NumericDate(Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
        let since = SignedDuration::try_from_secs_f64(f64::deserialize(number)?).map_err(D::Error::custom)?;
        let at = Timestamp::UNIX_EPOCH.checked_add(since);
        at.map(Self).map_err(D::Error::custom)
    }
}

/// The value, if it has the right type. A caller with a bad e-mail address is a caller without one.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient<T> {
        Good(T),
        Bad(IgnoredAny),
    }
    Ok(match Lenient::deserialize(value)? {
        Lenient::Good(value) => Some(value),
        Lenient::Bad(IgnoredAny) => None,
    })
}

impl Claims {
    pub fn audience(&self) -> &str {
        match &self.aud {
            Audience::Text(one) | Audience::List([one]) => one,
        }
    }

    /// The e-mail address, if the auth service has verified it.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified == Some(true))
    }

    pub fn has_role(&self, wanted: &str) -> bool {
        self.roles.iter().flatten().any(|role| role == wanted)
    }

    /// Whether it ends at most this long after it was issued. It was issued by now, whatever it says.
    pub fn lives_at_most(&self, life: SignedDuration, now: Timestamp) -> bool {
        let latest = now.saturating_add(LEEWAY).unwrap_or(now);
        let issued = self.iat.as_ref().map_or(latest, |iat| iat.0.min(latest));
        self.exp.0.duration_since(issued) <= life
    }

    pub fn validity(&self) -> Validity {
        Validity {
            exp: self.exp.0,
            nbf: self.nbf.as_ref().map(|nbf| nbf.0),
        }
    }
}

/// When a token is valid.
#[derive(Clone, Copy)]
pub struct Validity {
    exp: Timestamp,
    nbf: Option<Timestamp>,
}

impl Validity {
    pub fn includes(self, now: Timestamp) -> bool {
        now.duration_since(self.exp) < LEEWAY && self.nbf.is_none_or(|nbf| nbf.duration_since(now) <= LEEWAY)
    }
}

//! A second factor of log-in: six digits of an authenticator app (RFC 6238: SHA-1, 30 seconds), and recovery codes for who has
//! lost the device.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Failure};

/// The password was right and the code is missing.
pub const CODE_REQUIRED: Code =
    Code::new(Failure::Unauthenticated, "second_factor.code_required", "The account needs a code of its second factor, too.");
/// The code is wrong, was used before, or is too old.
pub const WRONG_CODE: Code = Code::invalid("second_factor.wrong_code", "The code is wrong, was used before, or has expired.");
/// There is one already.
pub const ENABLED: Code = Code::conflict("second_factor.enabled", "The account has a second factor already.");
/// There is none, or it was never confirmed.
pub const NOT_ENABLED: Code = Code::conflict("second_factor.not_enabled", "The account has no second factor.");
/// There is nothing to confirm.
pub const NOT_BEGUN: Code = Code::conflict("second_factor.not_begun", "There is no second factor that waits for its first code.");

/// Bytes of a secret, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Recovery codes that a user gets.
pub const RECOVERY_CODES: usize = 10;
/// Who issues the codes, as shown by authenticator apps.
pub const ISSUER: &str = "Tandem";

/// A second factor that is to be set up.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecondFactor {
    /// Your password, so that a stolen session cannot lock you out.
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub current_password: String,
}

/// What an authenticator app needs. It is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct SecondFactorSecret {
    /// The secret in Base32, to be typed in.
    #[schema(min_length = 32, max_length = 32, example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    pub secret: String,
    /// The same as an `otpauth://` URI, to be shown as a QR code.
    #[schema(min_length = 1, max_length = 2000)]
    pub otpauth_uri: String,
}

/// A code of a second factor.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCode {
    /// Six digits of the authenticator app, or a recovery code. Each is accepted once.
    #[schema(format = "password", min_length = 6, max_length = 40, example = "492039")]
    pub code: String,
}

/// Codes that are accepted once each in place of those of the authenticator app. They are shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes; earlier ones are invalid.
    #[schema(min_items = 10, max_items = 10)]
    pub recovery_codes: Vec<String>,
}

/// The state of the caller's second factor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecondFactor {
    /// Whether log-in needs a code.
    pub enabled: bool,
    /// Recovery codes that were not used yet.
    #[schema(minimum = 0, maximum = 10)]
    pub recovery_codes_left: i64,
}

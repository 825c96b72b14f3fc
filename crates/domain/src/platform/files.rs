//! Files that people bring: kept as they came, served as attachments and never run.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{CompanyId, StoredFileId};
use crate::kernel::{Code, Problem};

pub const EMPTY: Code = Code::invalid("stored_file.empty", "The file has no content.");
pub const BAD_NAME: Code = Code::invalid("stored_file.bad_name", "The file name is not usable.");

/// The largest file in bytes.
pub const MAX_BYTES: usize = 10 << 20;

/// A file, without its content.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoredFile {
    /// The id.
    pub id: StoredFileId,
    /// The company whose file it is; null for a file of its uploader alone.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Who uploaded it: the user, or else the id of the API key or of the program.
    #[schema(max_length = 100)]
    pub uploaded_by: String,
    /// The name it came with.
    #[schema(max_length = 255)]
    pub name: String,
    /// The media type, judged from the content and not from what the sender said.
    #[schema(max_length = 100, example = "application/pdf")]
    pub media_type: String,
    /// Length in bytes.
    #[schema(minimum = 1, maximum = 10485760)]
    pub size: i64,
    /// SHA-256 of the content in lower-case hex.
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: String,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated StoredFile, StoredFileId, "stored_file", company: |f| f.company_id }

/// Whose file is uploaded.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadOptions {
    /// The company whose file it is: everybody with a grant on it may see it. Without one it is the uploader's alone.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
}

/// The name as it may be kept: no path, no control characters, at most 255 characters.
pub fn clean_name(given: &str) -> Result<String, Problem> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let usable = !last.is_empty() && last != "." && last != ".." && last.chars().count() <= 255 && !last.chars().any(char::is_control);
    if usable { Ok(last.to_string()) } else { Err(BAD_NAME.field("/file", "1 to 255 characters without control characters.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_no_path() {
        assert_eq!(clean_name("../../etc/passwd").expect("usable"), "passwd");
        assert_eq!(clean_name("C:\\docs\\Größe.pdf").expect("usable"), "Größe.pdf");
        for bad in ["", "..", "a/", "x\ny", &"n".repeat(256)] {
            assert!(clean_name(bad).is_err(), "{bad:?}");
        }
    }
}

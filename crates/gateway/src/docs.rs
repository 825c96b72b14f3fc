//! The interactive documentation: Swagger UI from inside the binary, no other host involved.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use utoipa_swagger_ui::Config;

use crate::compression::packed;

/// What the page may do: its own scripts and styles, and calls to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The viewer and where it finds the document.
#[derive(Clone)]
pub struct Docs(Arc<Config<'static>>);

impl Docs {
    pub fn new() -> Self {
        let config = Config::new(["/openapi.json"])
            .try_it_out_enabled(true)
            .persist_authorization(true)
            .filter(true)
            .doc_expansion("none")
            .default_models_expand_depth(-1)
            .display_operation_id(true)
            .display_request_duration(true)
            .validator_url("none");
        Self(Arc::new(config))
    }

    /// A file of the viewer; `path` is what follows `/docs/`.
    pub async fn file(&self, req: &HttpRequest, path: &str) -> Option<HttpResponse> {
        let path = if path.is_empty() { "index.html" } else { path };
        let file = utoipa_swagger_ui::serve(path, self.0.clone()).ok().flatten()?;
        let mut r = HttpResponse::Ok();
        r.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
        r.insert_header((header::CACHE_CONTROL, "no-cache"));
        r.content_type(file.content_type);
        let bytes = file.bytes.into_owned();
        Some(if file.gzpipped { packed(req, &mut r, bytes.into()).await } else { r.body(bytes) })
    }
}

impl Default for Docs {
    fn default() -> Self {
        Self::new()
    }
}

/// A browser that asks for `/` or `/docs` wants `/docs/`.
pub fn redirect() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn the_viewer_is_inside_the_binary() {
        let (docs, request) = (Docs::new(), actix_web::test::TestRequest::default().to_http_request());
        for file in ["", "index.html", "swagger-initializer.js", "swagger-ui-bundle.js", "swagger-ui.css"] {
            assert!(docs.file(&request, file).await.is_some(), "{file}");
        }
        assert!(docs.file(&request, "../Cargo.toml").await.is_none());
    }
}

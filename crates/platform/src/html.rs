//! What small pages for people are made of: they work without scripts and are readable on any screen.

/// A text as it stands in markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A whole page with a heading. `language` is a BCP 47 tag, `body` is markup.
pub fn page(language: &str, title: &str, body: &str) -> String {
    let (language, title) = (escaped(language), escaped(title));
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;\
         margin:2rem auto;padding:0 1rem;color:#111;background:#fff}}button,input{{font:inherit}}button{{padding:.6rem 1.2rem;margin:.5rem .5rem 0 0}}\
         label{{display:block;padding:.4rem 0}}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

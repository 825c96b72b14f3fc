//! Paths as a tree: one look-up for each segment, however many operations there are, and all methods of a path
//! together, so that 405 and OPTIONS know what is allowed. Knows nothing of operations; leaves are numbers.

use std::collections::HashMap;

/// One place in the tree.
#[derive(Default)]
pub struct Node {
    named: HashMap<String, Node>,
    any: Option<Box<Node>>,
    leaves: Vec<(&'static str, usize)>,
}

/// Where a path leads.
pub struct Found<'t> {
    leaves: &'t [(&'static str, usize)],
    /// The values of the path variables, percent-decoded, in the order of the path.
    pub variables: Vec<String>,
}

impl Node {
    /// Adds an operation. `path` is like `/v1/sales/orders/{sales_order_id}`.
    pub fn add(&mut self, path: &str, method: &'static str, leaf: usize) {
        let end = path.split('/').skip(1).fold(self, |node, segment| match segment.starts_with('{') {
            true => node.any.get_or_insert_default(),
            false => node.named.entry(segment.to_string()).or_default(),
        });
        end.leaves.push((method, leaf));
    }

    /// Follows a path. A named segment goes before a variable; where it leads nowhere, the variable is tried.
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let mut variables = Vec::new();
        let leaves = self.walk(&segments, &mut variables)?;
        Some(Found { leaves, variables })
    }

    fn walk(&self, segments: &[&str], variables: &mut Vec<String>) -> Option<&[(&'static str, usize)]> {
        let Some((first, rest)) = segments.split_first() else {
            return Some(&*self.leaves).filter(|l| !l.is_empty());
        };
        let meant = decode(first)?;
        if let Some(leaves) = self.named.get(&meant).and_then(|n| n.walk(rest, variables)) {
            return Some(leaves);
        }
        let any = self.any.as_deref()?;
        let kept = variables.len();
        variables.push(meant);
        any.walk(rest, variables).or_else(|| {
            variables.truncate(kept);
            None
        })
    }
}

impl Found<'_> {
    /// The operation of a method; HEAD is a GET whose body stays away.
    pub fn leaf(&self, method: &str) -> Option<usize> {
        let wanted = if method == "HEAD" { "GET" } else { method };
        self.leaves.iter().find(|(m, _)| *m == wanted).map(|(_, leaf)| *leaf)
    }

    /// The value of the `Allow` header.
    pub fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.leaves.iter().map(|(m, _)| *m).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }
}

/// Percent-decodes one segment; None when the bytes are no text, or a text with a NUL, which names nothing.
fn decode(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return Some(segment.to_string());
    }
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            let hex = segment.get(i + 1..i + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Node {
        let mut t = Node::default();
        t.add("/v1/sales/orders", "GET", 1);
        t.add("/v1/sales/orders", "POST", 2);
        t.add("/v1/sales/orders/{id}", "GET", 3);
        t.add("/v1/sales/orders/{id}/confirm", "POST", 4);
        t.add("/v1/sales/orders/bulk", "POST", 5);
        t
    }

    #[test]
    fn paths_lead_to_their_operations() {
        let t = tree();
        let found = t.find("/v1/sales/orders/so_1/confirm").expect("a path");
        assert_eq!((found.leaf("POST"), found.leaf("GET"), found.variables.as_slice()), (Some(4), None, &["so_1".to_string()][..]));
        assert_eq!(t.find("/v1/sales/orders/bulk").and_then(|f| f.leaf("POST")), Some(5));
        assert_eq!(t.find("/v1/sales/orders/bulk/confirm").and_then(|f| f.leaf("POST")), Some(4), "falls back to the variable");
        assert_eq!(t.find("/v1/sales/orders/a%20b").map(|f| f.variables), Some(vec!["a b".to_string()]));
        for nowhere in [
            "/",
            "",
            "/v1",
            "/v1/sales/orders/",
            "/v1/sales/orders/x/y",
            "/v1/sales/orders/%zz",
            "/v1/sales/orders/%ff",
            "/v1/sales/orders/%00",
            "/v1/sales/orders/%+1",
        ] {
            assert!(t.find(nowhere).is_none_or(|f| f.leaf("POST").is_none()), "{nowhere}");
        }
    }

    #[test]
    fn all_methods_of_a_path_are_known() {
        let t = tree();
        let found = t.find("/v1/sales/orders").expect("a path");
        assert_eq!(found.allow(), "GET, HEAD, OPTIONS, POST");
        assert_eq!((found.leaf("HEAD"), found.leaf("PUT")), (Some(1), None));
    }
}

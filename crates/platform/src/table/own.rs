//! The words to declare what callers read and change of themselves, at places without an id.

use domain::Result;
use domain::kernel::PatchBody;

use super::all::Table;
use super::answer::Answer;
use super::blank::single;
use super::json::to_json;
use super::kind::Kind;
use super::op::Op;
use super::shape::Shape;
use super::{Body, Reply, body};
use crate::cx::Cx;

impl Table {
    /// What a caller reads of itself, at a place without an id; the version is that of the ETag.
    pub fn read_own<R: Reply>(&mut self, place: &str, f: fn(&mut Cx) -> Result<(R, i64)>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Read, None, place, text);
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, op, i| {
            let (found, version) = f(cx)?;
            let answer = match i.is_shaped() {
                true => Answer::shaped_json(cx, op, i, to_json(&found)?)?,
                false => Answer::of(&found)?,
            };
            Ok(Answer { version: Some(version), ..answer })
        });
        self.add(op)
    }
    /// A change of the caller's own user, at a place without an id. If-Match is that of the user.
    pub fn update_own<B: Body + PatchBody, R: Reply>(
        &mut self,
        place: &str,
        f: fn(&mut Cx, B) -> Result<(R, i64)>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Update, Some("update"), place, text);
        op.body = Some(Shape::of::<B>());
        op.clearable = Some(B::CLEARABLE);
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| {
            cx.target = cx.caller.user_id.map(domain::kernel::Id::uuid);
            let (changed, version) = f(cx, body::typed(&i.body)?)?;
            Ok(Answer { version: Some(version), ..Answer::of(&changed)? })
        });
        self.add(op)
    }
}

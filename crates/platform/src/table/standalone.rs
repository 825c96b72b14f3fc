//! The words to declare operations that belong to no noun: reports, commands, jobs, links and downloads.

use std::sync::Arc;

use domain::{Entity, Result};
use utoipa::ToSchema;

use super::all::Table;
use super::answer::{Answer, Binary, Output};
use super::blank::single;
use super::input::Input;
use super::kind::Kind;
use super::list::List;
use super::listing::Listing;
use super::op::Op;
use super::origin::Origin;
use super::page::Page;
use super::shape::Shape;
use super::{Body, Reply, body, params};
use crate::bulk;
use crate::cx::Cx;
use crate::signed;

impl Table {
    /// A report at `area/…/name`, computed from its parameters.
    pub fn report<F: params::Filter, R: Reply>(&mut self, place: &str, f: fn(&mut Cx, F) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, params::typed(&i.query)?)?));
        self.add(op)
    }
    /// A report on one thing that the last part of the path names: `platform/trace/{id}`.
    pub fn report_on<I: domain::kernel::Id, F: params::Filter, R: Reply>(
        &mut self,
        place: &str,
        variable: &str,
        f: fn(&mut Cx, I, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.path = format!("{}/{{{variable}}}", op.path);
        op.path_params = vec![(variable.into(), Shape::of::<I>())];
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, i.id(0)?, params::typed(&i.query)?)?));
        self.add(op)
    }
    /// A report on what the last part of the path names by a word: `platform/schemas/{noun}`.
    pub fn report_on_name<K: ToSchema, F: params::Filter, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        variable: &str,
        f: fn(&mut Cx, &str, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.id = id.into();
        op.path = format!("{}/{{{variable}}}", op.path);
        op.path_params = vec![(variable.into(), Shape::of::<K>())];
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, i.word(), params::typed(&i.query)?)?));
        self.add(op)
    }
    /// What a signed link opens, for people without an account: `GET area/…/{token}`. The function gets the token and opens
    /// it with [`crate::signed::open`].
    pub fn by_link<R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx, &str) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = linked(Kind::Report, id, place, "", text);
        op.output = Some(Shape::of::<R>());
        self.add(Op { run: Box::new(move |cx, _, i| Answer::of(&f(cx, i.word())?)), ..op }).public().fails(signed::REFUSALS)
    }
    /// What can be done with a signed link: `POST area/…/{token}/verb`.
    pub fn by_link_with<B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        verb: &str,
        f: fn(&mut Cx, &str, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = linked(Kind::Command, id, place, verb, text);
        op.body = Some(Shape::of::<B>());
        op.output = Some(Shape::of::<R>());
        let run = move |cx: &mut Cx, _: &Op, i: &Input| Answer::of(&f(cx, i.word(), body::typed(&i.body)?)?);
        self.add(Op { run: Box::new(run), ..op }).public().fails(signed::REFUSALS)
    }
    /// Bytes that a signed link opens: `GET area/…/{token}/name`.
    pub fn download_by_link(
        &mut self,
        id: &str,
        place: &str,
        name: &str,
        f: fn(&mut Cx, &str) -> Result<Binary>,
        text: &'static str,
    ) -> &mut Op {
        let op = linked(Kind::Download, id, place, name, text);
        let run = move |cx: &mut Cx, _: &Op, i: &Input| Ok(Answer { output: Output::Binary(f(cx, i.word())?), ..Answer::nothing() });
        self.add(Op { run: Box::new(run), ..op }).public().fails(signed::REFUSALS)
    }
    /// A list that belongs to no noun of its own, at `area/plural`.
    pub fn rows<R: Reply + persistence::Record>(
        &mut self,
        place: &str,
        f: fn(&mut Cx, List) -> Result<Page<R>>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::List, Some("list"), place, text);
        op.permission = op.permission.replace(".list", ".read");
        op.listing = Some(Listing::of::<R>());
        op.output = Some(Shape::of::<Page<R>>());
        op.gather = Some(Arc::new(move |cx, _, list| f(cx, list).map(drop)));
        op.run = Box::new(move |cx, op, i| {
            let list = List::parse(cx, op, i)?;
            let page = f(cx, list.clone())?;
            list.answer(cx, op, page, |_| vec![])
        });
        self.add(op)
    }
    /// A command at `area/…/verb`: a body in, an answer out.
    pub fn command<B: Body, R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<R>, text: &'static str) -> &mut Op {
        let op = command_op::<B, R>(Kind::Command, id, place, text);
        self.add(Op { run: Box::new(move |cx, _, i| Answer::of(&f(cx, body::typed(&i.body)?)?)), ..op })
    }
    /// A command that opens its own transactions, because it does slow work (hashing) that must not happen in one.
    /// It has no idempotency key and no dry run.
    pub fn command_outside<B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        f: fn(&Origin, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = command_op::<B, R>(Kind::Command, id, place, text);
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, body::typed(&i.body)?)?)));
        self.add(op)
    }
    /// As [`Table::command_outside`], on the thing whose key the path names: `public/forms/{key}/submissions`.
    pub fn command_outside_on<K: ToSchema, B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        variable: &str,
        f: fn(&Origin, &str, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = command_op::<B, R>(Kind::Command, id, place, text);
        op.path_params = vec![(variable.into(), Shape::of::<K>())];
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, i.word(), body::typed(&i.body)?)?)));
        self.add(op)
    }
    /// A report that opens its own transactions, because looking at it is worth remembering: a link in a mail.
    pub fn report_outside<F: params::Filter, R: Reply>(
        &mut self,
        place: &str,
        f: fn(&Origin, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, params::typed(&i.query)?)?)));
        self.add(op)
    }
    /// As [`Table::report_outside`], and the answer leads elsewhere: the function says where.
    pub fn redirect_outside<F: params::Filter>(&mut self, place: &str, f: fn(&Origin, F) -> Result<String>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<LinkTarget>());
        op.outside = Some(Box::new(move |origin, i| {
            let url = f(origin, params::typed(&i.query)?)?;
            Ok(Answer { redirect: Some(url.clone()), ..Answer::of(&LinkTarget { url })? })
        }));
        self.add(op).redirecting()
    }
    /// As [`Table::report_outside`], with bytes out.
    pub fn download_outside<F: params::Filter>(&mut self, place: &str, f: fn(&Origin, F) -> Result<Binary>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Download, Some("download"), place, text);
        op.query = params::query_of::<F>;
        op.outside = Some(Box::new(move |origin, i| {
            Ok(Answer { output: Output::Binary(f(origin, params::typed(&i.query)?)?), ..Answer::nothing() })
        }));
        self.add(op)
    }
    /// A command without a body that opens its own transactions; what it is about is in the query.
    pub fn command_without_body_outside_transaction<F: params::Filter, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        f: fn(&Origin, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Command, Some(""), place, text);
        op.id = id.into();
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, params::typed(&i.query)?)?)));
        self.add(op)
    }
    /// Many upserts at once, at `…/upsert/bulk`, with the permission to create; the function demands the one to change.
    pub(crate) fn bulk_upsert<B: Body>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<bulk::Upserted>) -> &mut Op {
        let text = "Create or update many by the ids of another system. At most 500 items; `atomic` keeps all or none, `partial` keeps those that succeed and answers an error for each of the others.";
        let mut op = command_op::<bulk::Bulk<B>, bulk::BulkResult>(Kind::Command, id, &format!("{place}/bulk"), text);
        op.permission = format!("{}.create", place.trim_end_matches("/upsert").replace('/', "."));
        op.item = Some(Shape::of::<B>());
        op.run = Box::new(move |cx, _, i| Answer::of(&bulk::each(cx, f, &i.body)?));
        self.add(op).max_body(16 << 20)
    }
    /// A command that takes no body.
    pub fn command_without_body<R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Command, Some(""), place, text);
        op.id = id.into();
        op.output = Some(Shape::of::<R>());
        self.add(Op { run: Box::new(move |cx, _, _| Answer::of(&f(cx)?)), ..op })
    }
    /// A command that starts a job; the answer is the job.
    pub fn job<B: Body, R: Entity>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<R>, text: &'static str) -> &mut Op {
        let op = command_op::<B, R>(Kind::Job, id, place, text);
        let run = move |cx: &mut Cx, op: &Op, i: &Input| {
            let started = f(cx, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &started)
        };
        self.add(Op { run: Box::new(run), entity: Some(R::name().into()), ..op })
    }
    /// Bytes out, at `area/…/name`.
    pub fn download<F: params::Filter>(&mut self, place: &str, f: fn(&mut Cx, F) -> Result<Binary>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Download, Some("download"), place, text);
        op.query = params::query_of::<F>;
        op.run = Box::new(move |cx, _, i| Ok(Answer { output: Output::Binary(f(cx, params::typed(&i.query)?)?), ..Answer::nothing() }));
        self.add(op)
    }
}

/// Where a link leads, for a caller that accepts JSON and does not want to be sent there.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct LinkTarget {
    /// The address.
    #[schema(max_length = 2000, example = "https://shop.example/offer")]
    url: String,
}

fn linked(kind: Kind, id: &str, place: &str, tail: &str, text: &'static str) -> Op {
    let mut op = single(kind, None, place, text);
    op.id = id.into();
    op.path = match tail {
        "" => format!("{}/{{link}}", op.path),
        tail => format!("{}/{{link}}/{tail}", op.path),
    };
    op.path_params = vec![("link".into(), Shape::of::<signed::LinkToken>())];
    op.tag = place.into();
    op
}

fn command_op<B: utoipa::ToSchema, R: Reply>(kind: Kind, id: &str, place: &str, text: &'static str) -> Op {
    let mut op = single(kind, Some(""), place, text);
    op.id = id.into();
    op.body = Some(Shape::of::<B>());
    op.output = Some(Shape::of::<R>());
    op
}

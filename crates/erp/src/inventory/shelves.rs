//! The one place where quantities change: shelves are locked in one order, changes are planned in memory and made by one
//! guarded statement, and each change of on-hand stock is a move.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::directory::companies::{Company, NegativeStock};
use domain::ids::SalesOrderLineId;
use domain::ids::{LocationId, ProductId, SalesOrderId, StockLevelId, WarehouseId};
use domain::inventory::moves::StockMove;
use domain::inventory::reservations::{Reservation, ReservationKind};
use domain::inventory::stock::{Shelf, StockLevel, allocate};
use domain::inventory::warehouses::Warehouse;
use persistence::inventory::stock::Change;
use persistence::inventory::{reservations, stock};
use persistence::{RETRY, Statement, record};
use platform::prelude::*;
use uuid::Uuid;

/// The locked stock of some products in a company, and what is to become of it.
pub struct Shelves {
    rows: Vec<StockLevel>,
    changes: BTreeMap<Uuid, Change>,
    moves: Vec<StockMove>,
    made: Vec<Reservation>,
    /// Reservations that lost pieces: as they were, and as they are.
    cut: Vec<(Reservation, Reservation)>,
}

/// So many pieces at a location.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    pub location: LocationId,
    pub quantity: Quantity,
}

impl Shelves {
    /// Locks the stock of these products. Where goods will come in, or may go below zero, a row must exist: `open` names
    /// those places.
    pub fn lock(cx: &mut Cx, company: &Company, products: &[ProductId], open: &[(ProductId, WarehouseId, LocationId)]) -> Result<Self> {
        let mut ids: Vec<Uuid> = products.iter().map(|p| p.uuid()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut rows = stock::lock(cx.db(), company.id, &ids)?;
        let mut missing: Vec<StockLevel> = Vec::new();
        for &(product_id, warehouse_id, location_id) in open {
            let same = |s: &StockLevel| s.product_id == product_id && s.location_id == location_id;
            if !rows.iter().any(same) && !missing.iter().any(same) {
                missing.push(StockLevel {
                    id: cx.new_id::<StockLevelId>(),
                    company_id: company.id,
                    product_id,
                    warehouse_id,
                    location_id,
                    on_hand: Quantity::ZERO,
                    reserved: Quantity::ZERO,
                    available: Quantity::ZERO,
                    negative_allowed: company.negative_stock == NegativeStock::Allow,
                    version: 1,
                    updated_at: cx.now,
                });
            }
        }
        if !missing.is_empty() {
            missing.sort_by_key(|s| (s.product_id, s.location_id));
            stock::open(cx.db(), &missing)?;
            rows = stock::lock(cx.db(), company.id, &ids)?;
        }
        Ok(Self { rows, changes: BTreeMap::new(), moves: Vec::new(), made: Vec::new(), cut: Vec::new() })
    }

    /// The places in a warehouse where goods may be short: needed to go below zero.
    pub fn below_zero(company: &Company, warehouse: &Warehouse, products: &[ProductId]) -> Vec<(ProductId, WarehouseId, LocationId)> {
        match company.negative_stock {
            NegativeStock::Allow => products.iter().map(|p| (*p, warehouse.id, warehouse.stock_location_id)).collect(),
            NegativeStock::Refuse => Vec::new(),
        }
    }

    /// What is on hand at a place, with the changes planned so far.
    pub fn on_hand(&self, product: ProductId, location: LocationId) -> Quantity {
        let row = self.rows.iter().find(|s| s.product_id == product && s.location_id == location);
        row.map(|s| s.on_hand + self.changes.get(&s.id.uuid()).map(|c| c.on_hand).unwrap_or_default()).unwrap_or_default()
    }

    fn row(&self, product: ProductId, location: LocationId) -> Result<&StockLevel> {
        let row = self.rows.iter().find(|s| s.product_id == product && s.location_id == location);
        row.ok_or_else(|| RETRY.with("The stock changed at the same time."))
    }

    fn plan(&mut self, product: ProductId, location: LocationId, on_hand: Quantity, reserved: Quantity) -> Result<()> {
        let id = self.row(product, location)?.id.uuid();
        let change = self.changes.entry(id).or_insert(Change { id, on_hand: Quantity::ZERO, reserved: Quantity::ZERO });
        change.on_hand += on_hand;
        change.reserved += reserved;
        Ok(())
    }

    /// Free pieces in a warehouse for these demands, its own stock location first: by demand what was found, and what is
    /// missing.
    fn find(&self, warehouse: &Warehouse, demands: &[(ProductId, Quantity)]) -> (Vec<Vec<Taken>>, Vec<Quantity>) {
        let mut rows: Vec<&StockLevel> = self.rows.iter().filter(|s| s.warehouse_id == warehouse.id).collect();
        rows.sort_by_key(|s| (s.location_id != warehouse.stock_location_id, s.location_id));
        let shelves: Vec<Shelf> = rows
            .iter()
            .map(|s| {
                let c = self.changes.get(&s.id.uuid());
                Shelf {
                    product: s.product_id,
                    location: s.location_id,
                    on_hand: s.on_hand + c.map(|c| c.on_hand).unwrap_or_default(),
                    reserved: s.reserved + c.map(|c| c.reserved).unwrap_or_default(),
                    negative_allowed: s.negative_allowed,
                }
            })
            .collect();
        let (picks, short) = allocate(demands, &shelves);
        let mut found = vec![Vec::new(); demands.len()];
        for p in picks {
            found[p.demand].push(Taken { location: shelves[p.shelf].location, quantity: p.quantity });
        }
        (found, short)
    }

    /// Plans to hold pieces back for the lines of an order; by demand, what is missing.
    pub fn reserve(
        &mut self,
        cx: &Cx,
        warehouse: &Warehouse,
        order: SalesOrderId,
        demands: &[(SalesOrderLineId, ProductId, Quantity)],
    ) -> Result<Vec<Quantity>> {
        let wanted: Vec<_> = demands.iter().map(|d| (d.1, d.2)).collect();
        let (found, short) = self.find(warehouse, &wanted);
        for (&(line, product, _), takes) in demands.iter().zip(found) {
            for t in takes {
                self.plan(product, t.location, Quantity::ZERO, t.quantity)?;
                self.made.push(Reservation {
                    id: cx.new_id(),
                    company_id: warehouse.company_id,
                    kind: ReservationKind::Hard,
                    product_id: product,
                    warehouse_id: warehouse.id,
                    location_id: t.location,
                    quantity: t.quantity,
                    order_id: Some(order),
                    order_line_id: Some(line),
                    note: None,
                    version: 1,
                    created_at: cx.now,
                    updated_at: cx.now,
                });
            }
        }
        Ok(short)
    }

    /// Plans to hold pieces back at one place for a reservation made by hand; whether there are enough.
    pub fn hold(&mut self, reservation: &Reservation) -> Result<bool> {
        let Ok(row) = self.row(reservation.product_id, reservation.location_id) else { return Ok(false) };
        if !row.negative_allowed && row.on_hand - row.reserved < reservation.quantity {
            return Ok(false);
        }
        self.plan(reservation.product_id, reservation.location_id, Quantity::ZERO, reservation.quantity)?;
        Ok(true)
    }

    /// Plans to let go of promised pieces.
    pub fn let_go(&mut self, reservation: &Reservation, quantity: Quantity) -> Result<()> {
        self.plan(reservation.product_id, reservation.location_id, Quantity::ZERO, -quantity)
    }

    /// Plans to take promised pieces off the shelf.
    fn take_promised(&mut self, reservation: &Reservation, quantity: Quantity) -> Result<Taken> {
        self.plan(reservation.product_id, reservation.location_id, -quantity, -quantity)?;
        Ok(Taken { location: reservation.location_id, quantity })
    }

    /// Plans to take free pieces off the shelves of a warehouse; what is missing.
    pub fn take_free(&mut self, warehouse: &Warehouse, product: ProductId, quantity: Quantity) -> Result<(Vec<Taken>, Quantity)> {
        let (mut found, short) = self.find(warehouse, &[(product, quantity)]);
        let takes = found.pop().unwrap_or_default();
        for t in &takes {
            self.plan(product, t.location, -t.quantity, Quantity::ZERO)?;
        }
        Ok((takes, short[0]))
    }

    /// Plans to change what is on hand at one place; whether the stock allows it.
    pub fn adjust(&mut self, product: ProductId, location: LocationId, delta: Quantity) -> Result<bool> {
        let row = self.row(product, location)?;
        let enough =
            row.negative_allowed || !delta.is_negative() || self.on_hand(product, location) - row.reserved + delta >= Quantity::ZERO;
        if enough {
            self.plan(product, location, delta, Quantity::ZERO)?;
        }
        Ok(enough)
    }

    /// By how much the stock of places changed after a business date, and on that day itself after a moment.
    pub fn since(
        cx: &mut Cx,
        places: &[(ProductId, LocationId)],
        date: NaiveDate,
        moment: Option<DateTime<Utc>>,
    ) -> Result<BTreeMap<(ProductId, LocationId), Quantity>> {
        let keys: Vec<(Uuid, Uuid)> = places.iter().map(|(p, l)| (p.uuid(), l.uuid())).collect();
        let moved = stock::moved_since(cx.db(), &keys, date, moment)?;
        Ok(moved.into_iter().map(|(p, l, q)| ((ProductId::from_uuid(p), LocationId::from_uuid(l)), q)).collect())
    }

    /// Plans a loss at one place that takes promised pieces too: the youngest reservations lose theirs. Whether so many are there.
    pub fn lose(&mut self, cx: &mut Cx, product: ProductId, location: LocationId, quantity: Quantity) -> Result<bool> {
        let row = self.row(product, location)?;
        let planned = self.changes.get(&row.id.uuid()).map(|c| c.reserved).unwrap_or_default();
        let (on_hand, reserved) = (self.on_hand(product, location), row.reserved + planned);
        if on_hand < quantity {
            return Ok(false);
        }
        let mut missing = reserved + quantity - on_hand;
        for r in reservations::at_place(cx.db(), product.uuid(), location.uuid())? {
            if !missing.is_positive() {
                break;
            }
            let part = if r.quantity < missing { r.quantity } else { missing };
            missing -= part;
            self.let_go(&r, part)?;
            self.cut.push((r.clone(), Reservation { quantity: r.quantity - part, updated_at: cx.now, ..r }));
        }
        self.plan(product, location, -quantity, Quantity::ZERO)?;
        Ok(!missing.is_positive())
    }

    /// Free pieces of a product in a warehouse.
    pub fn free(&self, warehouse: WarehouseId, product: ProductId) -> Quantity {
        let rows = self.rows.iter().filter(|s| s.warehouse_id == warehouse && s.product_id == product);
        let free = rows.map(|s| {
            let c = self.changes.get(&s.id.uuid());
            let (on_hand, reserved) = c.map(|c| (c.on_hand, c.reserved)).unwrap_or_default();
            s.on_hand + on_hand - s.reserved - reserved
        });
        free.filter(|q| q.is_positive()).sum()
    }

    /// Notes a move for the ledger, from one location to another.
    pub fn note(
        &mut self,
        cx: &Cx,
        company: &Company,
        source: Source,
        product: ProductId,
        (from, to): (LocationId, LocationId),
        quantity: Quantity,
    ) {
        self.moves.push(StockMove {
            id: cx.new_id(),
            company_id: company.id,
            product_id: product,
            from_location_id: from,
            to_location_id: to,
            quantity,
            source_id: source.document.into(),
            source_line_id: source.line.map(Into::into),
            move_date: source.date,
            moved_at: cx.now,
        });
    }

    /// What would have been below zero after the planned moves out, seen from their business date on. Nothing for moves
    /// dated today, which the guard of the stock itself watches over.
    pub fn short_in_the_past(&self, cx: &mut Cx, company: &Company, date: NaiveDate) -> Result<Vec<ProductId>> {
        if date >= cx.today(company) || company.negative_stock == NegativeStock::Allow {
            return Ok(Vec::new());
        }
        let out = self.changes.values().filter(|c| c.on_hand.is_negative());
        let row = |c: &Change| self.rows.iter().find(|s| s.id.uuid() == c.id);
        let ends: Vec<_> = out.filter_map(|c| row(c).map(|s| (s.product_id.uuid(), s.location_id.uuid(), s.on_hand + c.on_hand))).collect();
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let short = stock::short_after(cx.db(), &ends, date)?;
        Ok(short.into_iter().map(|s| ProductId::from_uuid(s.0)).collect())
    }

    /// Makes the planned changes, and writes the moves and reservations.
    pub fn store(self, cx: &mut Cx) -> Result<()> {
        self.store_with(cx, Promises::default())
    }

    /// As [`Shelves::store`], with the promises of an order that change with it.
    pub fn store_with(self, cx: &mut Cx, promises: Promises) -> Result<()> {
        let changes: Vec<Change> = self.changes.into_values().filter(|c| !c.on_hand.is_zero() || !c.reserved.is_zero()).collect();
        let now = cx.now;
        let mut with = promises.changes(now);
        with.extend(record::insertion(&self.made));
        with.extend(record::insertion(&self.moves));
        if !stock::change(cx.db(), &changes, with, now)? {
            return Err(RETRY.with("The stock changed at the same time."));
        }
        for (before, after) in self.cut {
            match after.quantity.is_zero() {
                true => cx.remove(before)?,
                false => drop(cx.save(&before, after, "reduced")?),
            }
        }
        Ok(())
    }
}

/// The document behind a move or a value entry.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub document: &'a str,
    pub line: Option<&'a str>,
    pub date: NaiveDate,
}

/// The hard reservations of an order, and how they are written back.
#[derive(Default)]
pub struct Promises {
    all: Vec<Reservation>,
    changed: Vec<usize>,
}

impl Promises {
    /// Those of an order; its row must be locked.
    pub fn of(cx: &mut Cx, order: SalesOrderId) -> Result<Self> {
        Ok(Self { all: reservations::of_order(cx.db(), order)?, changed: Vec::new() })
    }
    /// How many pieces are promised to a line, in the product's unit.
    pub fn held(&self, line: SalesOrderLineId) -> Quantity {
        self.all.iter().filter(|r| r.order_line_id == Some(line)).map(|r| r.quantity).sum()
    }
    /// Takes up to `quantity` off the shelf for a line out of what is promised to it in this warehouse.
    pub fn take(
        &mut self,
        shelves: &mut Shelves,
        line: SalesOrderLineId,
        warehouse: WarehouseId,
        quantity: Quantity,
    ) -> Result<Vec<Taken>> {
        let (mut open, mut takes) = (quantity, Vec::new());
        for (i, r) in self.all.iter_mut().enumerate() {
            if r.order_line_id != Some(line) || r.warehouse_id != warehouse || open.is_zero() || r.quantity.is_zero() {
                continue;
            }
            let part = if r.quantity < open { r.quantity } else { open };
            takes.push(shelves.take_promised(r, part)?);
            (r.quantity, open) = (r.quantity - part, open - part);
            self.changed.push(i);
        }
        Ok(takes)
    }
    /// Lets go of what is promised to a line beyond `keep`; how much is still promised.
    pub fn trim(&mut self, shelves: &mut Shelves, line: SalesOrderLineId, keep: Quantity) -> Result<Quantity> {
        let mut surplus = self.held(line) - keep;
        for (i, r) in self.all.iter_mut().enumerate().filter(|(_, r)| r.order_line_id == Some(line)) {
            if !surplus.is_positive() {
                break;
            }
            let part = if r.quantity < surplus { r.quantity } else { surplus };
            if part.is_positive() {
                shelves.let_go(r, part)?;
                (r.quantity, surplus) = (r.quantity - part, surplus - part);
                self.changed.push(i);
            }
        }
        Ok(self.held(line))
    }
    /// The statements that write what changed.
    fn changes(self, now: DateTime<Utc>) -> Vec<Statement> {
        let changed: BTreeSet<usize> = self.changed.into_iter().collect();
        let (gone, left): (Vec<&Reservation>, Vec<&Reservation>) =
            changed.iter().map(|i| &self.all[*i]).partition(|r| r.quantity.is_zero());
        let gone: Vec<Uuid> = gone.iter().map(|r| r.id.uuid()).collect();
        let left: Vec<(Uuid, Quantity)> = left.iter().map(|r| (r.id.uuid(), r.quantity)).collect();
        reservations::changes(&gone, &left, now)
    }
}

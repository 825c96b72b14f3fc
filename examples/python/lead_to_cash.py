#!/usr/bin/env python3
"""From a lead to cash with the generated client: python3 generate.py URL/openapi.json > tandem.py first.

Settings: TANDEM_URL, TANDEM_ADMIN_EMAIL, TANDEM_ADMIN_PASSWORD, as in ../lead-to-cash.sh.
"""

import os
import time
from decimal import Decimal

from tandem import Client, Refused

run = f"{int(time.time()) % 1000000}{os.getpid() % 1000}"
api = Client(os.environ.get("TANDEM_URL", "http://127.0.0.1:8080"))
login = api.login({"email": os.environ.get("TANDEM_ADMIN_EMAIL", "admin@example.com"), "password": os.environ["TANDEM_ADMIN_PASSWORD"]})
api.token = login["access_token"]

company = api.create_company({"code": f"PY-{run}", "name": "Python Coffee", "currency": "EUR", "time_zone": "Europe/Berlin"})
warehouse = api.create_warehouse({"company_id": company["id"], "code": "MAIN", "name": "Main", "is_default": True})
each = next(u for u in api.list_units(limit=200)["data"] if u["code"] == "each")
machine = api.create_product({
    "sku": f"PY-MACHINE-{run}", "name": "Espresso machine", "unit_id": each["id"],
    "sales_price": "1200.00", "expected_cost": "700.00", "currency": "EUR",
})
opening = api.create_stock_adjustment({
    "reason": "opening", "warehouse_id": warehouse["id"],
    "lines": [{"product_id": machine["id"], "quantity_delta": "10", "unit_cost": "700.00"}],
})
api.post_stock_adjustment(opening["id"], if_match=opening)
print("a company with a warehouse and ten machines")

lead = api.create_lead({"company_id": company["id"], "last_name": "Anders", "organisation_name": "Futterkiste", "email": f"maria-{run}@example.org"})
lead = api.qualify_lead(lead["id"], if_match=lead)
converted = api.convert_lead(lead["id"], {"on_duplicate": "create", "opportunity": {"name": "A machine for the kiosk"}}, if_match=lead)
deal = api.get_opportunity(converted["opportunity_id"])
api.create_opportunity_line(deal["id"], {"product_id": machine["id"], "quantity": "2"})
deal = api.get_opportunity(deal["id"])
print(f"a deal over {deal['amount']}; {deal['lines'][0]['available']} in stock")

# a deal is won once: the second attempt is refused with a stable code, and nothing happens twice
deal = api.win_opportunity(deal["id"], if_match=deal)
try:
    api.win_opportunity(deal["id"], if_match=deal)
    raise SystemExit("a deal cannot be won twice")
except Refused as refused:
    print(f"winning it again is refused: {refused.status} {refused.code}")

order = api.list_sales_orders(opportunity_id=deal["id"])["data"][0]
order = api.confirm_sales_order(order["id"], {}, if_match=order)
api.deliver_sales_order(order["id"], {"ship": True}, if_match=order)
order = api.get_sales_order(order["id"])
print(f"order {order['number']} is {order['fulfilment_status']}")

invoice = api.invoice_sales_order(order["id"], {}, if_match=order)
invoice = api.post_invoice(invoice["id"], if_match=invoice)
assert Decimal(invoice["net"]) + Decimal(invoice["tax"]) == Decimal(invoice["total"])
payment = api.create_payment({
    "company_id": company["id"], "party_id": converted["party_id"], "amount": invoice["total"],
    "allocate_to": [{"invoice_id": invoice["id"], "amount": invoice["total"]}],
})
api.post_payment(payment["id"], if_match=payment)
invoice = api.get_invoice(invoice["id"])
assert invoice["status"] == "paid" and Decimal(invoice["outstanding"]) == 0, invoice
print(f"invoice {invoice['number']} over {invoice['total']} is paid")

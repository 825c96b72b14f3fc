#!/usr/bin/env bash
# From a lead to cash with curl and jq: a stranger asks, becomes a customer, gets the goods and pays; the books balance.
# Needs a running server:  TANDEM_ADMIN_PASSWORD=… tandem serve
#   TANDEM_URL             where it is (http://127.0.0.1:8080)
#   TANDEM_ADMIN_EMAIL     who logs in (admin@example.com)
#   TANDEM_ADMIN_PASSWORD  with which password
set -euo pipefail

url="${TANDEM_URL:-http://127.0.0.1:8080}"
email="${TANDEM_ADMIN_EMAIL:-admin@example.com}"
password="${TANDEM_ADMIN_PASSWORD:?say TANDEM_ADMIN_PASSWORD}"
token=""
run="$(date +%s | tail -c 7)$((RANDOM % 900 + 100))" # makes codes and idempotency keys of this run its own
step=0

# call METHOD PATH [BODY] [VERSION]: one request; prints the answer, or the problem and stops.
# An action names the version it was decided on (If-Match); every POST may be repeated safely (Idempotency-Key).
call() {
    local method="$1" path="$2" body="${3:-}" version="${4:-}"
    local args=(-sS -X "$method" "$url$path" -H "accept: application/json" -w '\n%{http_code}')
    [ -z "$token" ] || args+=(-H "authorization: Bearer $token")
    [ -z "$body" ] || args+=(-H "content-type: application/json" -d "$body")
    [ -z "$version" ] || args+=(-H "if-match: \"$version\"")
    [ "$method" != POST ] || args+=(-H "idempotency-key: $run-$RANDOM$RANDOM")
    local answer status
    answer="$(curl "${args[@]}")"
    status="${answer##*$'\n'}"
    answer="${answer%$'\n'*}"
    if [ "$status" -ge 300 ]; then
        echo "$method $path answered $status:" >&2
        jq . >&2 <<<"$answer" || echo "$answer" >&2
        return 1
    fi
    echo "$answer"
}
get() { jq -er "$1" <<<"$2"; }
say() { step=$((step + 1)); echo "$step. $*"; }

token="$(get .access_token "$(call POST /v1/identity/login "$(jq -n --arg e "$email" --arg p "$password" '{email: $e, password: $p}')")")"
say "logged in as $(get .user.email "$(call GET /v1/identity/me)")"

company="$(get .id "$(call POST /v1/directory/companies "$(jq -n --arg c "WALK-$run" '{code: $c, name: "Walk Coffee", currency: "EUR", time_zone: "Europe/Berlin"}')")")"
warehouse="$(get .id "$(call POST /v1/inventory/warehouses "$(jq -n --arg c "$company" '{company_id: $c, code: "MAIN", name: "Main", is_default: true}')")")"
say "a company with its chart of accounts and a warehouse"

unit="$(get '.data[] | select(.code == "each") | .id' "$(call GET '/v1/directory/units?limit=200')")"
machine="$(get .id "$(call POST /v1/directory/products "$(jq -n --arg s "MACHINE-$run" --arg u "$unit" '{sku: $s, name: "Espresso machine", unit_id: $u, sales_price: "1200.00", expected_cost: "700.00", currency: "EUR"}')")")"
beans="$(get .id "$(call POST /v1/directory/products "$(jq -n --arg s "BEANS-$run" --arg u "$unit" '{sku: $s, name: "Beans, 1 kg", unit_id: $u, sales_price: "15.00", expected_cost: "6.00", currency: "EUR"}')")")"
opening="$(call POST /v1/inventory/adjustments "$(jq -n --arg w "$warehouse" --arg m "$machine" --arg b "$beans" '{reason: "opening", warehouse_id: $w, lines: [
    {product_id: $m, quantity_delta: "10", unit_cost: "700.00"}, {product_id: $b, quantity_delta: "100", unit_cost: "6.00"}]}')")"
call POST "/v1/inventory/adjustments/$(get .id "$opening")/post" '' "$(get .version "$opening")" >/dev/null
say "two products, ten machines and a hundred bags in stock"

lead="$(call POST /v1/crm/leads "$(jq -n --arg c "$company" --arg e "ana-$run@example.org" '{company_id: $c, first_name: "Ana", last_name: "Trujillo", organisation_name: "Emparedados y helados", email: $e, source: "trade fair"}')")"
lead="$(call POST "/v1/crm/leads/$(get .id "$lead")/qualify" '' "$(get .version "$lead")")"
converted="$(call POST "/v1/crm/leads/$(get .id "$lead")/convert" '{"on_duplicate": "create", "opportunity": {"name": "First shop"}}' "$(get .version "$lead")")"
customer="$(get .party_id "$converted")"
deal="$(call GET "/v1/crm/opportunities/$(get .opportunity_id "$converted")")"
say "a lead, qualified and converted into the customer $customer and a deal"

for line in "$machine 2 0" "$beans 12 5"; do
    read -r product quantity discount <<<"$line"
    call POST "/v1/crm/opportunities/$(get .id "$deal")/lines" "$(jq -n --arg p "$product" --arg q "$quantity" --arg d "$discount" '{product_id: $p, quantity: $q, discount_percent: $d}')" "$(get .version "$deal")" >/dev/null
    deal="$(call GET "/v1/crm/opportunities/$(get .id "$deal")")"
done
say "the deal is worth $(get .amount "$deal"); in stock: $(get '[.lines[].available] | join(" and ")' "$deal")"

deal="$(call POST "/v1/crm/opportunities/$(get .id "$deal")/win" '' "$(get .version "$deal")")"
order="$(get '.data[0]' "$(call GET "/v1/sales/orders?opportunity_id=$(get .id "$deal")")")"
say "won; the order over $(get .total "$order") was drafted in the same transaction"

order="$(call POST "/v1/sales/orders/$(get .id "$order")/confirm" '' "$(get .version "$order")")"
say "confirmed as $(get .number "$order"); the goods are held back"

call POST "/v1/sales/orders/$(get .id "$order")/deliver" '{"ship": true}' "$(get .version "$order")" >/dev/null
order="$(call GET "/v1/sales/orders/$(get .id "$order")")"
say "delivered: $(get .fulfilment_status "$order"); the cost of the goods is booked"

invoice="$(call POST "/v1/sales/orders/$(get .id "$order")/invoice" '{}' "$(get .version "$order")")"
invoice="$(call POST "/v1/receivables/invoices/$(get .id "$invoice")/post" '' "$(get .version "$invoice")")"
say "invoice $(get .number "$invoice"): net $(get .net "$invoice"), tax $(get .tax "$invoice"), total $(get .total "$invoice")"

payment="$(call POST /v1/banking/payments "$(jq -n --arg c "$company" --arg p "$customer" --arg i "$(get .id "$invoice")" --arg a "$(get .total "$invoice")" \
    '{company_id: $c, party_id: $p, amount: $a, allocate_to: [{invoice_id: $i, amount: $a}]}')")"
payment="$(call POST "/v1/banking/payments/$(get .id "$payment")/post" '' "$(get .version "$payment")")"
invoice="$(call GET "/v1/receivables/invoices/$(get .id "$invoice")")"
say "paid: the invoice is $(get .status "$invoice"), outstanding $(get .outstanding "$invoice")"

balance="$(call GET "/v1/accounting/reports/trial-balance?company_id=$company")"
jq -r '.rows[] | "   \(.code)  \(.name): \(.closing)"' <<<"$balance"
call GET "/v1/platform/trace/$(get .id "$order")" | jq -e '.' >/dev/null
[ "$(get .status "$invoice")" = paid ]
say "the books balance, and every document can be traced to its neighbours"

# The control API with curl, for any language: sh control.sh
set -eu
url="${WIKIPAYAM_SMS_API_BASE_URL:-http://127.0.0.1:8026}/_emulator"
json="Content-Type: application/json"

curl -fsS -X POST "$url/reset" -H "$json"
curl -fsS -X POST "$url/faults" -H "$json" -d '{"rules": ["502:after@once@/sms/send"]}'
curl -fsS -X POST "$url/inbox" -H "$json" -d '{"sender": "989123456789", "message": "لغو"}'
curl -fsS -X PUT "$url/deliveries" -H "$json" -d '{"receiver": "09123456789", "status": "UNDELIVERED"}'
curl -fsS -X PUT "$url/latency" -H "$json" -d '{"shortest": 0.05, "longest": 0.2}'
curl -fsS -X PUT "$url/limits" -H "$json" -d '{"rate_limit": {"requests": 60, "window": 60}}'
curl -fsS -X PUT "$url/balance" -H "$json" -d '{"balance": 5000}'
curl -fsS -X POST "$url/clock" -H "$json" -d '{"advance": 3600}'
curl -fsS "$url/ledger?receiver=09123456789"
curl -fsS "$url/requests?limit=10"
curl -fsS "$url/state" -o state.json
curl -fsS -X PUT "$url/state" -H "$json" --data-binary @state.json

<?php
// Tests of a shop in PHP against a running emulator: php -d zend.assertions=1 -d assert.exception=1 orders_test.php
$url = getenv('WIKIPAYAM_SMS_API_BASE_URL') ?: 'http://127.0.0.1:8026';
$token = getenv('SMS_AUTH_TOKEN') ?: 'emulator-token';
$controlToken = getenv('WIKIPAYAM_EMULATOR_CONTROL_TOKEN');

function call(string $method, string $address, mixed $body, string|false $token): array
{
    $headers = ['Content-Type: application/json'];
    if ($token) {
        $headers[] = "Authorization: Bearer $token";
    }
    $options = ['method' => $method, 'header' => $headers, 'ignore_errors' => true];
    if ($body !== null) {
        $options['content'] = json_encode($body);
    }
    $content = file_get_contents($address, false, stream_context_create(['http' => $options]));
    return [(int) explode(' ', $http_response_header[0])[1], json_decode($content, true)];
}

// The code under test: it tells a customer that an order is ready.
function tellCustomer(string $id, string $mobile): string
{
    global $url, $token;
    $message = ['sender' => '10002000', 'receiver' => $mobile, 'message' => "Order $id is ready", 'track_id' => $id];
    [$status] = call('POST', "$url/api/v1/sms/send", [$message], $token);
    return $status >= 500 ? 'unknown' : ($status < 300 ? 'sent' : 'refused');
}

// The control API of the emulator.
function control(string $method, string $path, mixed $body = null): array
{
    global $url, $controlToken;
    [$status, $answer] = call($method, "$url/_emulator$path", $body, $controlToken);
    assert($status < 300, ($answer['message'] ?? '') . ' ' . ($answer['hint'] ?? ''));
    return $answer;
}

// A customer is told once.
control('POST', '/reset');
assert(tellCustomer('A-1', '09123456789') === 'sent');
$ledger = control('GET', '/ledger?receiver=09123456789');
assert($ledger['total'] === 1 && $ledger['messages'][0]['message'] === 'Order A-1 is ready');

// A message whose response is lost is not sent again.
control('POST', '/faults', ['rules' => ['502:after@once@/sms/send']]);
assert(tellCustomer('A-2', '09123456789') === 'unknown');
assert(control('GET', '/ledger?track_id=A-2')['total'] === 1);

// An empty account is noticed.
control('PUT', '/balance', ['balance' => 0]);
assert(tellCustomer('A-3', '09123456789') === 'refused');

echo "ok\n";

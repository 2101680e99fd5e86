//! The cryptography of one callback on one core, against OpenSSL's AES for as many bytes.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use dinggate::upstream::{CallbackCrypto, EncryptedCallback, OwnerKeys, Reply, unix_millis};
use serde_json::json;

use crate::document::Document;
use crate::load;
use crate::report::{RATIOS, Ratio, median};

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(1);

const TOKEN: &str = "BenchToken";
const AES_KEY: &str = "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz";
const OWNER: &str = "dingbenchappkey00000";
const NONCE: &str = "a1b2c3d4e5f6a7b8";
const RANDOM: [u8; 16] = [7; 16];

/// Nanoseconds for one callback.
struct Figures {
    verify: f64,
    decrypt: f64,
    reply: f64,
    openssl: f64,
}

impl Figures {
    fn whole(&self) -> f64 {
        self.verify + self.decrypt + self.reply
    }
}

/// Measures all rounds and writes the section.
pub async fn measure(document: &Document) {
    let rounds = load::on_pinned_thread(|| async { measure_all() }).await;
    document.write("Crypto", &section(&rounds));
}

/// On a pinned thread; OpenSSL's process inherits that.
fn measure_all() -> Vec<Figures> {
    let owner_keys = OwnerKeys::new(Some(OWNER), OWNER, OWNER);
    let crypto = CallbackCrypto::new(TOKEN, AES_KEY, owner_keys).unwrap();
    let message = event();
    let push = crypto.seal(message.as_bytes(), OWNER, unix_millis(), NONCE, &RANDOM);
    let answer = crypto.reply(OWNER, unix_millis(), NONCE, &RANDOM);
    let (received, sent) = (cipher_len(&push), cipher_len(&answer));
    println!("  {received} bytes to decrypt, {sent} to encrypt");
    (1..=ROUNDS)
        .map(|round| {
            let figures = Figures {
                verify: time(|| crypto.verify(&callback(&push)).unwrap()),
                decrypt: time(|| crypto.decrypt(&push.encrypt).unwrap()),
                reply: time(|| crypto.reply(OWNER, unix_millis(), NONCE, &RANDOM)),
                openssl: openssl(received, true) + openssl(sent, false),
            };
            println!(
                "  round {round} {:>7.0} ns  openssl {:>7.0} ns",
                figures.whole(),
                figures.openssl
            );
            figures
        })
        .collect()
}

/// Returns the event of a usual size.
fn event() -> String {
    let event = json!({
        "eventId": "0123456789abcdef0123456789abcdef", "CorpId": "ding0123456789abcdef0123456789abcdef",
        "EventType": "user_modify_org", "UserId": ["0158000000001234"], "OptStaffId": "manager01",
        "TimeStamp": "1790000000000",
    });
    event.to_string()
}

fn callback(push: &Reply) -> EncryptedCallback<'_> {
    EncryptedCallback {
        signature: &push.msg_signature,
        timestamp: &push.time_stamp,
        nonce: &push.nonce,
        encrypt: &push.encrypt,
    }
}

/// Returns how many bytes a base64 text stands for.
fn cipher_len(message: &Reply) -> usize {
    let text = message.encrypt.as_str();
    text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count()
}

/// Returns the nanoseconds that one repetition takes.
fn time<T>(work: impl Fn() -> T) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < TIME {
        for _ in 0..100 {
            black_box(work());
        }
        count += 100;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(count)
}

/// Returns the nanoseconds that OpenSSL takes for one message of this length.
fn openssl(bytes: usize, is_decryption: bool) -> f64 {
    let mut command = Command::new("openssl");
    let size = bytes.to_string();
    command.args(["speed", "-elapsed", "-mr", "-seconds", "1", "-bytes", &size]);
    if is_decryption {
        command.arg("-decrypt");
    }
    let output = command.args(["-evp", "aes-256-cbc"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // For example `+F:25:AES-256-CBC:1013139200.00`: bytes per second.
    let result = text.lines().find(|line| line.starts_with("+F:"));
    let result = result.unwrap_or_else(|| panic!("openssl speed: {output:?}"));
    let (_, per_second) = result.rsplit_once(':').unwrap();
    let per_second: f64 = per_second.parse().unwrap();
    bytes as f64 * 1e9 / per_second
}

fn section(rounds: &[Figures]) -> String {
    let of = |part: fn(&Figures) -> f64| median(rounds.iter().map(part).collect());
    let ratio =
        |part: fn(&Figures) -> f64| Ratio::of(rounds.iter().map(|f| part(f) / f.openssl).collect());
    let text = format!(
        "\
One callback with an event of a usual size, {} bytes of JSON, on one core: Dinggate checks the signature (SHA-1 over the
base64 text), decodes the base64, decrypts, checks the padding, the length and the owner key, parses the JSON, and makes
the encrypted and signed reply. The yardstick is `openssl speed -evp aes-256-cbc` for messages of the same lengths, one
decryption and one encryption: AES alone, without SHA-1, base64, JSON and allocations. The ratio is the time of the whole
to that; it says how much the rest costs. One thread, pinned to the last core; in each of five rounds a second for
each step, then OpenSSL's.

",
        event().len()
    );
    let table = [
        ratio(Figures::whole).row("Check, decrypt, parse and reply: time", "none"),
        ratio(|f| f.verify).row("of that, checking the signature", "none"),
        ratio(|f| f.decrypt).row("of that, decrypting and parsing", "none"),
        ratio(|f| f.reply).row("of that, encrypting the reply", "none"),
    ];
    format!(
        "{text}{RATIOS}{}\nMedians of the run: {:.2} µs for a callback ({:.0} a second on one core), OpenSSL {:.2} µs.\n",
        table.concat(),
        of(Figures::whole) / 1e3,
        1e9 / of(Figures::whole),
        of(|f| f.openssl) / 1e3,
    )
}

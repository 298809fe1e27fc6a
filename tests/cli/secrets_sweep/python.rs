//! Python's encoders as judges of what is masked.

use std::io::Write as _;
use std::process::Command;

use tradewire_secrets::Masker;

use super::kinds::{SECRETS, value};

/// Prints a list: each encoding of the secret by its name, and each of those escaped once more.
const ENCODERS: &str = r#"
import base64, csv, html, io, json, sys, urllib.parse
def cell(text):
    out = io.StringIO()
    csv.writer(out).writerow([text])
    return out.getvalue()
escapes = {
    'quote': urllib.parse.quote,
    'quote all': lambda text: urllib.parse.quote(text, safe=''),
    'quote_plus': urllib.parse.quote_plus,
    'urlencode': lambda text: urllib.parse.urlencode({'key': text}),
    'html.escape': html.escape,
    'html in numbers': lambda text: ''.join('&#%d;' % ord(c) for c in text),
    'json.dumps': json.dumps,
    'json of PHP': lambda text: json.dumps(text).replace('/', '\\/'),
    'json in units': lambda text: ''.join('\\u%04x' % ord(c) for c in text),
    'repr': repr,
    'csv': cell,
}
digits = {
    'encodebytes': lambda text: base64.encodebytes(text.encode()).decode(),
    'encodebytes of a pair': lambda text: base64.encodebytes(('user:' + text).encode()).decode(),
    'b64encode twice': lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    'urlsafe_b64encode': lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    'b64encode of json': lambda text: base64.b64encode(json.dumps({'key': text}).encode()).decode(),
    'hex': lambda text: text.encode().hex(),
}
secret = sys.argv[1]
said = [[name, encode(secret)] for name, encode in (escapes | digits).items()]
said += [[f'{outer} of {name}', encode(text)] for name, text in said for outer, encode in escapes.items()]
json.dump(said, sys.stdout)
"#;

#[test]
fn what_python_encodes_is_masked() {
    let python = |secret: &str| Command::new("python3").args(["-c", ENCODERS, secret]).output();
    if let Err(error) = python("") {
        assert!(std::env::var_os("CI").is_none(), "{error}");
        // Not by a macro, whose text the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: what_python_encodes_is_masked: no python3: {error}");
        return;
    }
    let secrets = SECRETS.iter().map(|(name, _)| value(name)).take(4);
    for secret in secrets.chain(["vK/9x+Q~zP\"7/w&Yb?>t42".to_owned(), "p%41ss\\nword & \"more\" 'of' it".to_owned()]) {
        let told = python(&secret).unwrap();
        let said: Vec<(String, String)> = serde_json::from_slice(&told.stdout).unwrap();
        assert!(said.len() > 100, "{}", String::from_utf8_lossy(&told.stderr));
        let masker = Masker::default();
        masker.register(&secret);
        for (name, text) in said {
            let masked = masker.mask(&text);
            // Of Base64, digits at both ends hold bits of the neighbours.
            assert!(masked.contains("***") && masked.len() < 160, "{name}: {text} -> {masked}");
        }
    }
}

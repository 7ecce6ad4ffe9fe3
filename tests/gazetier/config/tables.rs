//! What is wrong in the tables that the sample does without: each refusal names the key and the way out.

use super::refusal;
use crate::support::Scene;

/// What it is about, what is replaced in the sample, and by what.
const WRONG: &[(&str, &str, &str)] = &[
    ("an id that is none", "[magazine]\n", "[magazine]\nid = \"estran\"\n"),
    ("an id of a wrong digit", "[magazine]\n", "[magazine]\nid = \"0123456789abcdef0123456789abcdeg\"\n"),
    ("two addresses of the store", "[store]\n", "[store]\nurl_file = \"config.toml\"\n"),
    ("a schema of a file", "[store]\n", "[store]\nschema = \"estran\"\n"),
    ("a name for the digest", "[digest]\n", "[digest]\nname = \"lettre\"\n"),
    (
        "two newsletters of one name",
        "[desk]\n",
        "[[newsletters]]\nname = \"carnet\"\nschedule = \"daily 18:00\"\n[[newsletters]]\nname = \"carnet\"\nschedule = \"daily 19:00\"\n[desk]\n",
    ),
    ("others wait for nobody", "[desk]\n", "canary_wait = \"2h\"\n[desk]\n"),
    ("a share in words", "[desk]\n", "canary = \"few\"\n[desk]\n"),
    ("a rhythm that is each edition", "[desk]\n", "rhythms = [\"\"]\n[desk]\n"),
    (
        "hours of a letter that comes twice a day",
        "schedule = \"Mon 07:30\"\n",
        "schedule = \"daily 07:30,18:00\"\nreader_hours = [\"18:00\"]\n",
    ),
    ("an hour in words", "[desk]\n", "reader_hours = [\"six\"]\n[desk]\n"),
    (
        "days of a letter that comes every day",
        "schedule = \"Mon 07:30\"\n",
        "schedule = \"daily 07:30\"\nreader_days = [\"Sat\"]\n",
    ),
    ("a day in words", "[desk]\n", "reader_days = [\"Samedi\"]\n[desk]\n"),
    ("an address for a host", "[theme]\n", "[fetch]\nprivate_hosts = [\"http://10.0.0.5/\"]\n[theme]\n"),
    (
        "a podcast of a feed that is none",
        "[theme]\n",
        "[feeds.podcast]\nimage = \"https://estran.example.org/c.jpg\"\ncategory = \"Arts\"\nfeeds = [\"nulle/part\"]\n[theme]\n",
    ),
    (
        "a podcast of no feed",
        "[theme]\n",
        "[feeds.podcast]\nimage = \"https://estran.example.org/c.jpg\"\ncategory = \"Arts\"\nfeeds = []\n[theme]\n",
    ),
    (
        "an id of a podcast",
        "[theme]\n",
        "[feeds.podcast]\nimage = \"https://estran.example.org/c.jpg\"\ncategory = \"Arts\"\nfeeds = [\"\"]\nguid = \"estran\"\n[theme]\n",
    ),
    (
        "one id for two podcasts",
        "[theme]\n",
        "[feeds.podcast]\nimage = \"https://estran.example.org/c.jpg\"\ncategory = \"Arts\"\nfeeds = [\"\", \"humeur\"]\nguid = \"917393e3-1b1e-5cef-ace4-edaa54e1f810\"\n[theme]\n",
    ),
    (
        "two limits of one domain",
        "url = \"file:outbox\"",
        "url = \"smtp://127.0.0.1:9\"\nlimits = [{ domains = [\"a.example\"], per_day = 1 }, { domains = [\"A.example\"], per_hour = 1 }]",
    ),
    (
        "an address for a domain",
        "url = \"file:outbox\"",
        "url = \"smtp://127.0.0.1:9\"\nlimits = [{ domains = [\"x@a.example\"], per_day = 1 }]",
    ),
    (
        "a provider that nobody knows",
        "url = \"file:outbox\"",
        "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"pigeons\", per_day = 1 }]",
    ),
    ("a limit for nobody", "url = \"file:outbox\"", "url = \"smtp://127.0.0.1:9\"\nlimits = [{ per_day = 1 }]"),
    (
        "a limit that is none",
        "url = \"file:outbox\"",
        "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"gmail\" }]",
    ),
    ("an answer that is none", "[theme]\n", "[reconfirm]\nafter = \"60d\"\nwithout_answer = \"leave\"\n[theme]\n"),
    ("relays beside the relay", "[theme]\n", "[[relays]]\nurl = \"smtp://127.0.0.1:9\"\n[theme]\n"),
    ("a folder among relays", "[relay]\n", "[[relays]]\nurl = \"smtp://127.0.0.1:9\"\n[[relays]]\n"),
    ("a certificate alone", "url = \"file:outbox\"", "url = \"smtps://example.org\"\ncertificate = \"config.toml\""),
    (
        "a certificate's key alone",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\ncertificate_key = \"config.toml\"",
    ),
    (
        "a policy for what is not reserved",
        "[theme]\n",
        "[rights]\ntdm_policy = \"https://estran.example.org/tdm\"\n[theme]\n",
    ),
    ("a use that nobody knows", "[theme]\n", "[rights.rsl]\npermits = [\"reading\"]\n[theme]\n"),
    ("a prohibited use that nobody knows", "[theme]\n", "[rights.rsl]\nprohibits = [\"reading\"]\n[theme]\n"),
    (
        "a use that is permitted and prohibited",
        "[theme]\n",
        "[rights.rsl]\npermits = [\"search\"]\nprohibits = [\"search\"]\n[theme]\n",
    ),
    ("terms that say nothing", "[theme]\n", "[rights.rsl]\npayment = \"free\"\n[theme]\n"),
    (
        "a payment that nobody knows",
        "[theme]\n",
        "[rights.rsl]\npermits = [\"search\"]\npayment = \"thanks\"\n[theme]\n",
    ),
    (
        "a place to pay for nothing",
        "[theme]\n",
        "[rights.rsl]\npermits = [\"search\"]\npayment_url = \"https://estran.example.org/pay\"\n[theme]\n",
    ),
    ("a place for IndexNow alone", "[theme]\n", "[search_engines]\nindexnow_url = \"https://example.org/\"\n[theme]\n"),
    ("a key of IndexNow that is too short", "[theme]\n", "[search_engines]\nindexnow_key = \"abcdefg\"\n[theme]\n"),
    ("a key of IndexNow that is no name", "[theme]\n", "[search_engines]\nindexnow_key = \"../../etc/x\"\n[theme]\n"),
    (
        "two selections of one name",
        "[theme]\n",
        "[[feeds.selections]]\nslug = \"port\"\ntitle = \"Port\"\nwords = [\"port\"]\n[[feeds.selections]]\nslug = \"port\"\ntitle = \"Quai\"\nwords = [\"quai\"]\n[theme]\n",
    ),
    (
        "a login of a file",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"csv\"\npath = \"a.csv\"\nuser = \"u\"\n",
    ),
    (
        "a login in the address",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"ghost\"\nurl = \"https://u:p@example.org/\"\nkey = \"abc\"\n",
    ),
    (
        "a user of WordPress without a password",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"wordpress\"\nurl = \"https://example.org/\"\nuser = \"u\"\n",
    ),
    (
        "a password of WordPress without a user",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"wordpress\"\nurl = \"https://example.org/\"\npassword_file = \"config.toml\"\n",
    ),
    (
        "two keys",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"ghost\"\nurl = \"https://example.org/\"\nkey = \"abc\"\nkey_file = \"config.toml\"\n",
    ),
    (
        "no key",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"ghost\"\nurl = \"https://example.org/\"\n",
    ),
    (
        "a key that may change the site",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"ghost\"\nurl = \"https://example.org/\"\nkey = \"abc:def\"\n",
    ),
    (
        "a key in words",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"ghost\"\nurl = \"https://example.org/\"\nkey = \"the key\"\n",
    ),
    (
        "an address of a source in words",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"feed\"\nurl = \"the feed\"\n",
    ),
    (
        "an address of a source of another kind",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"feed\"\nurl = \"gopher://example.org/\"\n",
    ),
    (
        "a source that is not fetched",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"csv\"\nurl = \"https://example.org/a.csv\"\n",
    ),
    ("a source nowhere", "path = \"columns\"\n", "path = \"columns\"\n[[sources]]\nkind = \"csv\"\n"),
    (
        "two sources that ask the same",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\n",
    ),
    (
        "a path of a database",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\npath = \"a.db\"\n",
    ),
    ("a database nowhere", "path = \"columns\"\n", "path = \"columns\"\n[[sources]]\nkind = \"sql\"\ntable = \"t\"\n"),
    (
        "a database of another kind",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"oracle://u@example.org/d\"\ntable = \"t\"\n",
    ),
    (
        "a user beside the address",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\nuser = \"u\"\n",
    ),
    (
        "fields of a database",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\nfields = { title = \"titre\" }\n",
    ),
    (
        "nothing asked of a database",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\n\n",
    ),
    (
        "a table and a query",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\nquery = \"SELECT 1\"\n",
    ),
    (
        "an empty query",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\nquery = \" ; \"\n",
    ),
    (
        "an empty table",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \" \"\n",
    ),
    (
        "a field that no column has",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\ncolumns = { titre = \"title\" }\n",
    ),
    (
        "texts of a form that nobody knows",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\nformat = \"word\"\n",
    ),
    (
        "a password of a file",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"t\"\npassword_file = \"config.toml\"\n",
    ),
    (
        "two passwords",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"mysql://u:p@127.0.0.1/d\"\ntable = \"t\"\npassword_file = \"config.toml\"\n",
    ),
    (
        "a password of nobody",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"mysql://127.0.0.1/d\"\ntable = \"t\"\npassword_file = \"config.toml\"\n",
    ),
    (
        "a database without a host",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"mysql:///d\"\ntable = \"t\"\n",
    ),
    (
        "a server without a database",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"sql\"\nurl = \"mysql://u@127.0.0.1/\"\ntable = \"t\"\n",
    ),
    (
        "a table of a folder",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"markdown\"\npath = \"b\"\ntable = \"t\"\n",
    ),
    ("a first day in words", "[theme]\n", "[warm_up]\nstart = \"Monday\"\n[theme]\n"),
    ("a plan twice", "[theme]\n", "[warm_up]\nstart = \"2026-11-23\"\nsteps = [10, 20]\nfactor = 1.5\n[theme]\n"),
    ("a plan without days", "[theme]\n", "[warm_up]\nstart = \"2026-11-23\"\nsteps = []\n[theme]\n"),
    ("a day of a plan without letters", "[theme]\n", "[warm_up]\nstart = \"2026-11-23\"\nsteps = [10, 0]\n[theme]\n"),
    ("nowhere to listen", "[digest]\n", "[web]\nlisten = \"8380\"\n[digest]\n"),
    ("a proxy in words", "[digest]\n", "[web]\nproxies = [\"nginx\"]\n[digest]\n"),
    ("figures for a host's name", "[digest]\n", "[web]\nmetrics = [\"example.org\"]\n[digest]\n"),
    ("a page for an origin", "[digest]\n", "[web]\norigins = [\"https://example.org/page\"]\n[digest]\n"),
    ("nothing to agree to", "[digest]\n", "[web]\nconsents = [\" \"]\n[digest]\n"),
];

#[test]
fn what_is_wrong_in_a_table_is_told_with_its_key() {
    let mut told = String::new();
    for (what, from, to) in WRONG {
        told += &refusal(&Scene::sample().config(from, to), what, &["run"]);
    }
    insta::assert_snapshot!("refusals_of_tables", told);
}

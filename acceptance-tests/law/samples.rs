//! The rules themselves, tried on sources that break them and on sources that only seem to.

use crate::law::circles::circles;
use crate::law::floors::Floors;
use crate::law::sources::{Breach, Rule, Source, survey};

const PAGE: &str = "
## Floors

| Floor | Package | Modules | Own |
| ---: | --- | --- | --- |
| 0 | `tf-provider` | `value` | |
| 1 | `tf-provider` | `diagnostic` | |
| 2 | `tf-provider` | `schema` | |
| 2 | `tf-provider` | `proto` | |
| 3 | `tf-provider` | `plugin` | |
| 4 | `terraform-provider-rdsauth` | `arn` | |
| 5 | `terraform-provider-rdsauth` | `aws` | |
| 5 | `terraform-provider-rdsauth` | `sql`, `policy` | |
| 6 | `terraform-provider-rdsauth` | `resources/*`, `functions/*` | |
| 8 | `terraform-provider-rdsauth` | `main` | |

## Another section

| 0 | `tf-provider` | `imaginary` | |
";

const FRAMEWORK: &str = "tf-provider";
const PROVIDER: &str = "terraform-provider-rdsauth";

#[test]
fn imports_of_lower_floors_are_allowed() {
    check(
        FRAMEWORK,
        "schema/plan.rs",
        "use crate::{diagnostic::Result, value::{Path, Value}}; use crate::schema::Field;",
        &[],
    );
    check(FRAMEWORK, "diagnostic.rs", "use crate::value::Path;", &[]);
    check(FRAMEWORK, "proto/generated.rs", "fn f(x: super::Message) {}", &[]);
    check(PROVIDER, "aws/iam.rs", "use crate::arn::Arn; use tf_provider::diagnostic::Diagnostic;", &[]);
    check(PROVIDER, "resources.rs", "pub use crate::resources::policy::Policy;", &[]);
    check(PROVIDER, "main.rs", "use terraform_provider_rdsauth::resources::X; use tf_provider::plugin;", &[]);
    check(FRAMEWORK, "lib.rs", "pub use crate::plugin::serve; pub(crate) mod value;", &[]);
    check(FRAMEWORK, "value.rs", "pub(crate) fn f() -> crate::Anything { crate::model!() }", &[]);
}

#[test]
fn imports_of_higher_floors_and_siblings_are_refused() {
    let refused = |package, path, text| check(package, path, text, &[Rule::Floors]);
    refused(FRAMEWORK, "value.rs", "use crate::diagnostic::Result;");
    refused(FRAMEWORK, "schema.rs", "use crate::{value::Value, plugin};");
    refused(FRAMEWORK, "schema.rs", "fn f() { crate::proto::g() }");
    refused(FRAMEWORK, "schema.rs", "macro_rules! m { () => { $crate::plugin::g() } }");
    refused(PROVIDER, "aws/iam.rs", "use crate::policy::Document;");
    refused(PROVIDER, "sql.rs", "use crate::{\n  arn::Arn,\n  aws::{Clients, Error},\n};");
    refused(PROVIDER, "resources/a.rs", "use crate::resources::b::B;");
    refused(PROVIDER, "resources/a.rs", "use crate::functions::b;");
    refused(PROVIDER, "resources/a.rs", "use super::b::B;");
    let twice = "use crate::{resources::{b, c}};";
    check(PROVIDER, "resources/a.rs", twice, &[Rule::Floors, Rule::Floors]);
}

#[test]
fn circles_are_found_by_whatever_way() {
    let found = |files: &[(&str, &str)]| {
        let source = |(path, text): &(&str, &str)| Source {
            package: PROVIDER,
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        circles(&Floors::parse(PAGE), &files.iter().map(source).collect::<Vec<_>>())
    };
    let three = [
        ("aws/a.rs", "use crate::aws::b::B;"),
        ("aws/b.rs", "fn f() { crate::aws::c::g() }"),
        ("aws/c.rs", "use crate::{arn, aws::a::A};"),
        ("aws/d.rs", "use crate::aws::a::A;"),
    ];
    assert_eq!(found(&three), ["aws/a.rs, aws/b.rs, aws/c.rs"]);
    assert_eq!(found(&three[1..]), Vec::<String>::new());
    let passed_on = [
        ("aws.rs", "mod a; mod b; pub use a::{A, Other};"),
        ("aws/a.rs", "use crate::aws::b::B;"),
        ("aws/b.rs", "use crate::aws::Other;"),
    ];
    assert_eq!(found(&passed_on), ["aws/a.rs, aws/b.rs"]);
    let family = [("aws.rs", "mod a; use crate::aws::a::A;"), ("aws/a.rs", "use crate::aws::Own;")];
    assert_eq!(found(&family), Vec::<String>::new());
    let in_tests =
        [("sql/a.rs", "use crate::sql::b::B;"), ("sql/b.rs", "#[cfg(test)] mod tests { use crate::sql::a::A; }")];
    assert_eq!(found(&in_tests), Vec::<String>::new());
}

#[test]
fn a_module_outside_the_table_is_refused() {
    check(PROVIDER, "helpers.rs", "", &[Rule::NoFloor]);
    check(PROVIDER, "value.rs", "", &[Rule::NoFloor]);
    check(FRAMEWORK, "imaginary.rs", "", &[Rule::NoFloor]);
}

#[test]
fn foreign_crates_stay_at_home() {
    check(FRAMEWORK, "plugin/service.rs", "use tonic::Status; use prost::Message;", &[]);
    check(FRAMEWORK, "schema.rs", "use tonic::Status;", &[Rule::ForeignCrate]);
    check(FRAMEWORK, "value.rs", "fn f() { ::prost_types::g() }", &[Rule::ForeignCrate]);
    check(PROVIDER, "resources/a.rs", "use tonic;", &[Rule::ForeignCrate]);
    check(PROVIDER, "aws.rs", "use aws_sdk_iam as iam; use aws_config::Region;", &[]);
    check(PROVIDER, "resources/a.rs", "use aws_sdk_iam as iam;", &[Rule::ForeignCrate]);
    check(PROVIDER, "policy.rs", "fn f(x: aws_types::Region) {}", &[Rule::ForeignCrate]);
    check(PROVIDER, "sql/mysql.rs", "use mysql_async::Conn;", &[]);
    check(PROVIDER, "aws.rs", "use tokio_postgres::Client;", &[Rule::ForeignCrate]);
    check(FRAMEWORK, "plugin/tls.rs", "use aws_lc_rs::digest; fn f(aws_region: String) {}", &[]);
}

#[test]
fn entities_know_no_protocol() {
    check(PROVIDER, "resources/a.rs", "use tf_provider::plugin::serve;", &[Rule::Protocol]);
    check(PROVIDER, "aws.rs", "use tf_provider::{diagnostic, proto};", &[Rule::Protocol]);
}

#[test]
fn arns_are_text_in_one_place() {
    let text = r##"fn f() -> String { format!("arn:{}", r#"arn:aws"#) }"##;
    check(PROVIDER, "arn.rs", text, &[]);
    check(PROVIDER, "policy.rs", text, &[Rule::Arn, Rule::Arn]);
    check(PROVIDER, "policy.rs", "/// Such as \"arn:aws:iam\".\n#[doc = \"arn:\"]\n// \"arn:\"\nfn f() {}", &[]);
}

#[test]
fn panics_and_prints_are_refused() {
    let each = [
        "fn f() { x.unwrap() }",
        "fn f() { x\n    .expect(\"it\") }",
        "fn f() { panic!(\"no\") }",
        "fn f() { println!() }",
        "macro_rules! m { ($x:expr) => { $x.unwrap() } }",
    ];
    for text in each {
        check(PROVIDER, "aws.rs", text, &[Rule::PanicOrPrint]);
        check(PROVIDER, "main.rs", text, &[]);
        check(FRAMEWORK, "plugin/handshake.rs", text, &[]);
    }
    check(
        PROVIDER,
        "aws.rs",
        "use std::panic; fn f() { panic::catch(|| x.unwrap_or(1)); let expect = y.expect; }",
        &[],
    );
    check(PROVIDER, "aws.rs", "/// x.unwrap() panic!()\nfn f() { \"println!()\"; }", &[]);
}

#[test]
fn what_has_another_effect_each_time_goes_out_once() {
    let once = "let answer = self.0.reboot_db_instance().x(y).customize().config_override(z).send().await;";
    let often = "let answer = call!(\"CreateKey\", self.0.create_key().x(y));";
    check(PROVIDER, "aws/rds.rs", &format!("impl Rds {{ async fn f(&self) {{ {once} }} }}"), &[]);
    check(PROVIDER, "aws/kms.rs", &format!("impl Kms {{ async fn f(&self) {{ {often} }} }}"), &[Rule::Once]);
    check(
        PROVIDER,
        "aws/rds.rs",
        &format!("fn f() {{ match x {{ _ => {{ {once} }} _ => {{ {often} }} }} }}"),
        &[Rule::Once],
    );
    check(PROVIDER, "aws/rds.rs", &format!("fn f() {{ {often} }} fn g() {{ {once} {once} }}"), &[Rule::Once]);
    check(PROVIDER, "aws/iam.rs", "fn f() { self.0.create_role().send(); self.0.modify_db_instance().send(); }", &[]);
    check(PROVIDER, "resources/a.rs", "fn f() { g.create_key() }", &[]);
}

#[test]
fn what_derives_debug_holds_no_secrets() {
    let refused = |package, path, text: &str| check(package, path, text, &[Rule::Debug]);
    refused(FRAMEWORK, "schema.rs", "#[derive(Clone, Debug)] pub struct A<W> { a: Arc<W>, b: Mutex<Option<Object>> }");
    refused(FRAMEWORK, "schema.rs", "/// A.\n#[derive(Debug)]\n#[allow(x)]\npub(crate) struct A(pub Value);");
    refused(FRAMEWORK, "schema.rs", "#[derive(Debug)] enum A { B, C { d: Vec<serde_json::Value> } }");
    refused(PROVIDER, "aws.rs", "#[derive(Debug)] struct A { pub password: Option<String> }");
    refused(PROVIDER, "aws.rs", "#[derive(Debug)] struct A<'a> { session_token: &'a str, b: u8 }");
    refused(PROVIDER, "aws.rs", "#[derive(Debug)] struct A { b: u8, external_id: Option<String> }");
    refused(PROVIDER, "resources/a.rs", "tf_provider::model! { struct A { password: String = required(), } }");
    for text in [
        "pub struct A { b: Object, password: String }",
        "#[derive(Clone)] pub struct A(Value); #[derive(Debug)] struct B { c: u8 }",
        "#[derive(Debug)] struct A { password: Option<Secret<String>>, secret_arn: String, token_file: String }",
        "#[derive(Debug)] struct A { fits: fn(&Value) -> bool, token_version: u8, secrets: Vec<String>, c: String }",
        "#[derive(Debug)] enum A { Object(Vec<String>), Token }",
        "tf_provider::model! { struct A { external_id: Option<String> = optional(), token: Secret<String> = computed(), } }",
        "#[cfg(test)] mod tests { #[derive(Debug)] struct A(Value); }",
    ] {
        check(PROVIDER, "resources/a.rs", text, &[]);
    }
    check(FRAMEWORK, "value.rs", "#[derive(Debug)] pub struct Set(Vec<Value>);", &[]);
}

#[test]
fn tests_may_do_all_of_it() {
    let deed = "use super::*; use crate::plugin::x; use tonic::y; fn f() { panic!(\"arn:\") }";
    check(FRAMEWORK, "value.rs", &format!("#[cfg(test)]\n#[allow(x)]\nmod tests {{ {deed} }}"), &[]);
    check(FRAMEWORK, "value.rs", &format!("#![cfg(test)]\n{deed}"), &[]);
    check(FRAMEWORK, "value.rs", "#[test]\nfn f() { x.unwrap() }\n#[tokio::test]\nasync fn g() { x.unwrap() }", &[]);
    check(
        FRAMEWORK,
        "value.rs",
        "#[cfg(test)] use crate::{plugin::x}; #[cfg(all(test, unix))] const X: u8 = y.unwrap();",
        &[],
    );
    let after = "#[cfg(test)] mod tests { } fn f() { x.unwrap() }";
    check(FRAMEWORK, "value.rs", after, &[Rule::PanicOrPrint]);
    check(FRAMEWORK, "value.rs", "#[cfg(not(test))] fn f() { x.unwrap() }", &[Rule::PanicOrPrint]);
}

#[test]
fn a_test_module_may_have_a_file_of_its_own() {
    let source = |path: &str, text: &str| Source { package: FRAMEWORK, path: path.to_owned(), text: text.to_owned() };
    let bad = "fn f() { x.unwrap() }";
    let test_only = "#[cfg(test)]\nmod tests;";
    let files = [source("schema.rs", test_only), source("schema/tests.rs", bad), source("schema/tests/more.rs", bad)];
    assert_eq!(rules(&files), []);
    assert_eq!(rules(&[source("lib.rs", test_only), source("tests.rs", bad)]), []);
    let elsewhere = [source("schema.rs", test_only), source("value/tests.rs", bad), source("schema/tests_too.rs", bad)];
    assert_eq!(rules(&elsewhere), [Rule::PanicOrPrint, Rule::PanicOrPrint]);
}

#[test]
fn a_breach_names_the_place() {
    let source = Source { package: PROVIDER, path: "sql.rs".to_owned(), text: "\n\nuse crate::aws::X;".to_owned() };
    let breaches: Vec<_> = survey(&Floors::parse(PAGE), &[source]).iter().map(Breach::to_string).collect();
    assert_eq!(breaches, ["terraform-provider-rdsauth/sql.rs:3: sql must not import terraform-provider-rdsauth's aws"]);
}

#[track_caller]
fn check(package: &'static str, path: &str, text: &str, expected: &[Rule]) {
    let source = Source { package, path: path.to_owned(), text: text.to_owned() };
    assert_eq!(rules(&[source]), expected, "{path}: {text}");
}

fn rules(sources: &[Source]) -> Vec<Rule> {
    survey(&Floors::parse(PAGE), sources).iter().map(|breach| breach.rule).collect()
}

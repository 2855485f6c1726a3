use super::*;

fn role() -> Role {
    Role {
        oid: 1,
        name: "jane".to_owned(),
        login: true,
        replication: false,
        attributes: Vec::new(),
        connection_limit: -1,
        valid_until: None,
        made_at: None,
        mark: None,
        comment: None,
        roles: vec![IAM.to_owned(), "reader".to_owned()],
        iam_paths: Vec::new(),
        password_set: None,
    }
}

const WANTED: Wanted<'static> = Wanted {
    name: "jane",
    login: true,
    replication: false,
    roles: None,
    attributes: Some(&[]),
    connection_limit: -1,
    valid_until: None,
    forbid_password: true,
    taken_over: false,
    mark: None,
};

#[test]
fn only_the_difference_is_written() {
    let seen = Role { password_set: Some(false), ..role() };
    assert_eq!(WANTED.definition(Some(&seen)), Ok(Vec::new()));
    assert_eq!(WANTED.definition(Some(&role())), Ok(vec![r#"ALTER ROLE "jane" PASSWORD NULL"#.to_owned()]));
    let attributes = ["CREATEDB".to_owned(), "CREATEROLE".to_owned()];
    let able = Role { attributes: vec!["CREATEDB".to_owned(), "SUPERUSER".to_owned()], ..seen.clone() };
    let more = Wanted { attributes: Some(&attributes), ..WANTED }.definition(Some(&able));
    assert_eq!(more, Ok(vec![r#"ALTER ROLE "jane" CREATEROLE"#.to_owned()]));
    let other = Role { name: "J".to_owned(), valid_until: Some("2031-01-01T00:00:00Z".to_owned()), ..seen };
    let renamed = r#"ALTER ROLE "J" RENAME TO "jane""#.to_owned();
    let altered = r#"ALTER ROLE "jane" VALID UNTIL E'infinity'"#.to_owned();
    assert_eq!(WANTED.definition(Some(&other)), Ok(vec![renamed, altered]));
}

#[test]
fn a_mark_is_read_back() {
    let now: Timestamp = "2026-11-22T11:00:00.25Z".parse().unwrap();
    let text = made(now);
    assert_eq!(text, "Made by Terraform (rdsauth) at 2026-11-22T11:00:00Z");
    assert_eq!(made_at(&text), "2026-11-22T11:00:00Z".parse().ok());
    let marked_text = format!("{text}{}\nby sales", Wanted { mark: Some("user/1f"), ..WANTED }.marked());
    assert_eq!((made_at(&marked_text), marked(&marked_text).as_deref()), (made_at(&text), Some("user/1f")));
    assert_eq!((made_at("Made by hand"), made_at(MADE), marked(&text)), (None, None, None));
}

#[test]
fn instants_are_compared_as_finely_as_they_are_kept() {
    for (a, b, want) in [
        ("2031-01-01T00:00:00Z", "2031-01-01T01:00:00+01:00", true),
        ("2031-01-01T00:00:00.0000001Z", "2031-01-01T00:00:00Z", true),
        ("2031-01-01T00:00:00.000001Z", "2031-01-01T00:00:00Z", false),
        ("infinity", "infinity", true),
        ("infinity", "-infinity", false),
    ] {
        assert_eq!(same_instant(a, b), want, "{a} {b}");
    }
    assert_eq!(without_zeros("2031-01-01T00:00:00.000000Z".to_owned()), "2031-01-01T00:00:00Z");
    assert_eq!(without_zeros("2031-01-01T00:00:00.120000Z".to_owned()), "2031-01-01T00:00:00.12Z");
    assert_eq!(without_zeros("-infinity".to_owned()), "-infinity");
}

#[test]
fn what_was_granted_is_noted_below_the_comment() {
    let noted = |comment: &str| Role { comment: Some(comment.to_owned()), ..role() }.granted();
    let both = vec![IAM.to_owned(), "reader".to_owned()];
    assert_eq!(noted(&format!("{GRANTED}[\"rds_iam\",\"reader\"]")), Some(both));
    assert_eq!(noted(&format!("of sales\n{GRANTED}[\"rds_iam\",\"gone\"]")), Some(vec![IAM.to_owned()]));
    assert_eq!((noted("of sales"), noted(&format!("{GRANTED}[]\nof sales")), noted(GRANTED)), (None, None, None));
    assert_eq!(split(&format!("a\nb\n{GRANTED}[]")), ("a\nb", Some("[]")));
    assert_eq!(made_at(&format!("{}\n{GRANTED}[]", made(Timestamp::UNIX_EPOCH))), Some(Timestamp::UNIX_EPOCH));
}

#[test]
fn a_role_is_known_by_its_mark_or_its_oid() {
    let made_at = Some(Timestamp::UNIX_EPOCH);
    let marked = Role { made_at, ..role() };
    assert!(marked.is(&Known { oid: 1, made_at }) && marked.is(&Known { oid: 2, made_at }), "restored elsewhere");
    assert!(!marked.is(&Known { oid: 1, made_at: None }), "made since by another configuration");
    assert!(role().is(&Known { oid: 1, made_at: None }) && role().is(&Known { oid: 1, made_at }), "lost its comment");
    assert!(!role().is(&Known { oid: 2, made_at }));
}

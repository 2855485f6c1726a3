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
        created_at: None,
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
    adopted: false,
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
fn what_was_granted_counts_as_long_as_it_is() {
    let noted =
        Role { comment: Some(role_comments::with_granted("", vec![IAM.to_owned(), "gone".to_owned()])), ..role() };
    assert_eq!(noted.granted(), Some(vec![IAM.to_owned()]));
}

#[test]
fn a_role_is_known_by_its_mark_or_its_oid() {
    let created_at = Some(Timestamp::UNIX_EPOCH);
    let marked = Role { created_at, ..role() };
    assert!(marked.is(&Known { oid: 1, created_at }) && marked.is(&Known { oid: 2, created_at }), "restored elsewhere");
    assert!(!marked.is(&Known { oid: 1, created_at: None }), "made since by another configuration");
    assert!(
        role().is(&Known { oid: 1, created_at: None }) && role().is(&Known { oid: 1, created_at }),
        "lost its comment"
    );
    assert!(!role().is(&Known { oid: 2, created_at }));
}

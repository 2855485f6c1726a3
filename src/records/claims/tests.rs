use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::*;

type Cx = Ctx<()>;

fn cx() -> Cx {
    Ctx::new(Arc::new(()), Duration::from_secs(60), CancellationToken::new())
}

fn subject(name: &str) -> Subject {
    Subject {
        kind: "test_role",
        key: format!("{name} {}", std::process::id()),
        noun: "Role",
        what: format!("role \"{name}\""),
        found: EXISTS,
        arguments: "\"name\"",
        import_id: name.to_owned(),
        region: None,
        at: Path::root().attribute("name"),
    }
}

fn warnings(cx: &Cx) -> Vec<String> {
    cx.take_warnings().into_iter().map(|warning| warning.summary).collect()
}

/// A process that dies after it has noted a create, and its creation id.
async fn cut_off(subject: &Subject, content: Option<&str>, object: Option<&str>) -> String {
    let claims = Claims::default();
    let claim = claims.begin(&cx(), subject.clone()).await.unwrap();
    claim.note(&cx(), content, object);
    claim.id().to_owned()
}

#[tokio::test]
async fn the_next_process_knows_what_was_cut_off() {
    let it = subject("cut off");
    let id = cut_off(&it, None, Some("arn")).await;
    let next = Claims::default();
    let claim = next.begin(&cx(), it.clone()).await.unwrap();
    assert!(claim.has_earlier() && claim.owns_mark(Some(&mark("test_role", &id))));
    assert_eq!((claim.id(), claim.objects().collect::<Vec<_>>()), (id.as_str(), vec!["arn"]));
    assert!(
        !claim.owns_mark(None) && !claim.owns_mark(Some("test_role/0")) && !claim.owns_mark(Some(&mark("key", &id)))
    );
    let cx = cx();
    claim.note(&cx, None, None);
    claim.created(&cx);
    assert_eq!(cx.private().creation_id.as_deref(), Some(id.as_str()));
    next.stored(&id);
    next.shut_down();
    drop(claim);
    assert!(!Claims::default().begin(&cx, it).await.unwrap().has_earlier(), "it has a state");
}

/// Core creates ten at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn creates_at_the_same_time_each_have_a_claim() {
    let (claims, subjects) =
        (Arc::new(Claims::default()), (0..400).map(|number| subject(&format!("one of many {number}"))));
    let subjects: Vec<_> = subjects.collect();
    let creates: Vec<_> = subjects
        .iter()
        .cloned()
        .map(|subject| {
            let claims = Arc::clone(&claims);
            tokio::spawn(async move {
                let (cx, claim) = (cx(), claims.begin(&cx(), subject).await.unwrap());
                claim.note(&cx, None, None);
                (claim.id().to_owned(), warnings(&cx))
            })
        })
        .collect();
    let mut ids = Vec::new();
    for create in creates {
        let (id, warnings) = create.await.unwrap();
        assert_eq!(warnings, [""; 0]);
        ids.push(id);
    }
    drop(claims);
    let next = Claims::default();
    for (subject, id) in subjects.into_iter().zip(&ids) {
        assert_eq!(next.begin(&cx(), subject).await.unwrap().id(), id);
    }
    ids.iter().for_each(|id| next.stored(id));
}

#[tokio::test]
async fn a_state_that_is_seen_ends_a_claim() {
    let it = subject("seen again");
    let id = cut_off(&it, None, None).await;
    Claims::default().stored(&id);
    assert!(!Claims::default().begin(&cx(), it).await.unwrap().has_earlier());
}

#[tokio::test]
async fn what_was_not_answered_stays() {
    let (answered, open) = (subject("answered"), subject("open"));
    let claims = Claims::default();
    for (subject, is_answered) in [(&answered, true), (&open, false)] {
        let claim = claims.begin(&cx(), subject.clone()).await.unwrap();
        claim.note(&cx(), None, None);
        if is_answered {
            claims.stored(claim.id());
        }
    }
    claims.shut_down();
    drop(claims);
    assert!(!Claims::default().begin(&cx(), answered).await.unwrap().has_earlier());
    assert!(Claims::default().begin(&cx(), open.clone()).await.unwrap().has_earlier());
    Claims::default().begin(&cx(), open).await.unwrap().withdraw();
}

#[tokio::test]
async fn a_running_process_was_not_interrupted() {
    let it = subject("alive");
    let alive = Claims::default();
    alive.begin(&cx(), it.clone()).await.unwrap().note(&cx(), None, None);
    assert!(!Claims::default().begin(&cx(), it).await.unwrap().has_earlier());
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_has_no_lock_yet_keeps_its_folder() {
    let claims = crate::local::folder().unwrap().join("claims");
    let [new, old] = ["new", "old"].map(|age| claims.join(format!("{age} {}", std::process::id())));
    std::fs::create_dir_all(&new).unwrap();
    std::fs::create_dir_all(&old).unwrap();
    std::fs::File::open(&old).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    Claims::default().begin(&cx(), subject("of others")).await.unwrap();
    assert!(new.exists() && !old.exists());
    std::fs::remove_dir(new).unwrap();
}

#[tokio::test]
async fn content_identifies_an_object_without_mark() {
    let it = subject("content");
    cut_off(&it, Some("{\"a\":1}"), None).await;
    let claims = Claims::default();
    let claim = claims.begin(&cx(), it.clone()).await.unwrap();
    assert!(claim.has_claimed_content("{\"a\":1}") && !claim.has_claimed_content("{\"a\":2}"));
    let other = Subject { kind: "another_kind", ..it };
    assert!(!claims.begin(&cx(), other).await.unwrap().has_claimed_content("{\"a\":1}"));
}

#[tokio::test]
async fn one_process_has_one_resource_for_an_object() {
    let (it, claims) = (subject("twins"), Claims::default());
    claims.begin(&cx(), it.clone()).await.unwrap().created(&cx());
    let error = claims.begin(&cx(), it.clone()).await.unwrap_err();
    assert_eq!((error.summary.as_str(), error.path.to_string().as_str()), ("Role is declared twice", "name"));
    let cx = cx();
    assert!(claims.delete(&cx, &it).await.unwrap().is_none(), "what was created is not deleted");
    assert_eq!(warnings(&cx), ["Role was not deleted"]);
}

#[tokio::test]
async fn a_create_that_was_refused_keeps_the_object_from_being_deleted() {
    let (it, claims) = (subject("refused"), Claims::default());
    let error = claims.begin(&cx(), it.clone()).await.unwrap().refuse(&Creator::Mark("test_role/1f".to_owned()));
    assert_eq!(error.summary, "Role already exists");
    for part in ["creation ID 1f", "terraform import ADDRESS 'refused'", "\"moved\" block", "create_before_destroy"] {
        assert!(error.detail.contains(part), "{part} is missing in {}", error.detail);
    }
    assert_eq!(claims.delete(&cx(), &it).await.unwrap_err().summary, "Role is still declared");
}

#[tokio::test]
async fn a_delete_makes_room_for_a_create() {
    let (it, claims) = (subject("replaced"), Claims::default());
    claims.delete(&cx(), &it).await.unwrap().unwrap().done().unwrap();
    let claim = claims.begin(&cx(), it.clone()).await.unwrap();
    assert!(claim.was_deleted_here());
    let stopping = cx();
    stopping.stop().cancel();
    let error = claims.begin(&stopping, it).await.err().unwrap();
    assert_eq!(error.summary, "Stopped", "creates of one object take turns, until the user wants to stop");
}

#[test]
fn contradictory_plans_are_warned_of() {
    use Planned::{Creates, Deletes, Keeps};
    for (first, second, told) in [
        (Creates, Creates, &["Role is declared twice"][..]),
        (Creates, Keeps, &["Role is declared twice"]),
        (Keeps, Creates, &["Role is declared twice"]),
        (Creates, Deletes, &["Role changes its address"]),
        (Deletes, Creates, &["Role changes its address"]),
        (Keeps, Keeps, &[]),
        (Deletes, Deletes, &[]),
    ] {
        let (claims, cx) = (Claims::default(), cx());
        claims.record_plan(&cx, &subject("planned"), first);
        assert_eq!(warnings(&cx), [""; 0]);
        claims.record_plan(&cx, &subject("planned"), second);
        assert_eq!(warnings(&cx), told, "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn a_plan_looks_for_what_this_run_does_not_know() {
    let (claims, cx) = (Claims::default(), cx());
    assert!(claims.record_plan(&cx, &subject("new"), Planned::Creates));
    assert!(!claims.record_plan(&cx, &subject("kept"), Planned::Keeps));
    claims.record_state(&subject("tainted"));
    assert!(!claims.record_plan(&cx, &subject("tainted"), Planned::Creates), "the state holds it");
    drop(claims.begin(&cx, subject("first")).await);
    assert!(!claims.record_plan(&cx, &subject("later"), Planned::Creates), "an apply plans again");
}

//! Lists of other programs: who left, bounced, complained or never confirmed there gets no letters here.

use super::{both, counted, import, states, told};
use crate::support::{MONDAY, Scene, column};

/// The headings that programs write, with readers of each kind, and how they stand afterwards.
const LISTS: [(&str, &str, &[&str]); 12] = [
    (
        "Mailchimp, all in one",
        "\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,CLEAN_TIME,TAGS\n\
         a@example.org,Ann,Le Goff,2,2024-02-01 09:00:00,2024-02-01 09:00:00,,,\n\
         b@example.org,Bob,,2,2024-02-01 09:00:00,,2025-02-01 09:00:00,,\n\
         c@example.org,,Cam,2,2024-02-01 09:00:00,,,2025-03-01 09:00:00,\n",
        &["a active", "b unsubscribed", "c suppressed bounce"],
    ),
    (
        "Mailchimp, by status",
        "Email Address,Status\na@example.org,Subscribed\nb@example.org,Unsubscribed\nc@example.org,Cleaned\nd@example.org,Non-Subscribed\n",
        &["a active", "b unsubscribed", "c suppressed bounce"],
    ),
    (
        "Ghost",
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n\
         1,a@example.org,Ann,,true,false,,2019-10-30T14:52:08.000Z,,,\n\
         2,b@example.org,Bob,,false,false,,2019-10-30T14:52:08.000Z,,,\n",
        &["a active", "b unsubscribed"],
    ),
    (
        "listmonk",
        "uuid,email,name,attributes,status,created_at,updated_at\n\
         u1,a@example.org,Ann,{},enabled,2021-01-01T09:00:00Z,2021-01-01T09:00:00Z\n\
         u2,b@example.org,Bob,{},disabled,2021-01-01T09:00:00Z,2021-01-01T09:00:00Z\n\
         u3,c@example.org,Cam,{},blocklisted,2021-01-01T09:00:00Z,2021-01-01T09:00:00Z\n",
        &["a active", "b unsubscribed", "c unsubscribed request"],
    ),
    (
        "Keila",
        "Email,First name,Last name,Data,Status,External ID\na@example.org,A,B,,active,\nb@example.org,,,,unsubscribed,\nc@example.org,,,,unreachable,\n",
        &["a active", "b unsubscribed", "c suppressed bounce"],
    ),
    (
        "Brevo",
        "CONTACT ID;EMAIL;PRENOM;NOM;EMAIL_BLACKLISTED;ADDED_TIME\n1;a@example.org;Ann;Le Goff;No;2021-01-01 09:00:00\n2;b@example.org;;;Yes;2021-01-01 09:00:00\n",
        &["a active", "b unsubscribed request"],
    ),
    (
        "Buttondown",
        "email_address,notes,tags,creation_date,type\na@example.org,,,2024-01-01T00:00:00Z,regular\n\
         b@example.org,,,2024-01-01T00:00:00Z,unactivated\nc@example.org,,,2024-01-01T00:00:00Z,unsubscribed\n\
         d@example.org,,,2024-01-01T00:00:00Z,premium\ne@example.org,,,2024-01-01T00:00:00Z,spammy\n",
        &["a active", "c unsubscribed", "d active", "e unsubscribed request"],
    ),
    (
        "Substack",
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n\
         a@example.org,false,,other,false,2024-01-01T00:00:00.000Z,\nb@example.org,true,,yearly,true,2024-01-01T00:00:00.000Z,\n",
        &["a active", "b unsubscribed"],
    ),
    (
        "MailPoet, a line for each of its lists",
        "Email,First name,Last name,List status,Global status,IP address,List\n\
         a@example.org,,,subscribed,subscribed,192.0.2.1,One\na@example.org,,,unsubscribed,subscribed,192.0.2.1,Two\n\
         b@example.org,,,subscribed,unconfirmed,,One\nc@example.org,,,subscribed,bounced,,One\nd@example.org,,,subscribed,subscribed,,One\n",
        &["a unsubscribed", "c suppressed bounce", "d active"],
    ),
    (
        "phpList",
        "email,Is the email of this subscriber confirmed,Is this subscriber blacklisted,Is this account disabled?,Send this subscriber HTML emails\n\
         a@example.org,1,0,0,1\nb@example.org,0,0,0,1\nc@example.org,1,1,0,1\nd@example.org,1,0,1,1\n",
        &["a active", "c unsubscribed request", "d unsubscribed"],
    ),
    (
        "a list of complaints",
        "E-mail;Statut\na@example.org;Complained\nb@example.org;Désabonné\nc@example.org;\nd@example.org;En attente\n",
        &["a unsubscribed complaint", "b unsubscribed", "c active"],
    ),
    (
        "a list of dates",
        "email,unsubscribed_at,blocklisted\na@example.org,,\nb@example.org,2025-01-01,\nc@example.org,0000-00-00 00:00:00,false\nd@example.org,,TRUE\n",
        &["a active", "b unsubscribed", "c active", "d unsubscribed request"],
    ),
];

#[test]
fn who_gets_no_letters_elsewhere_gets_none_here() {
    for (program, text, expected) in LISTS {
        let scene = Scene::empty();
        let outcome = import(&scene, text, &[]);
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "{program}: {outcome:?}");
        assert_eq!(states(&scene), expected, "{program}");
    }
    let scene = Scene::empty();
    import(&scene, LISTS[0].1, &[]);
    let list = scene.ok(&["subscribers", "list"]);
    assert!(list.contains("\tAnn Le Goff\n") && list.contains("\tCam\tbounce since 2025-03-01 10:00\n"), "{list}");
}

#[test]
fn an_import_counts_what_became_of_each() {
    for scene in both() {
        let text = "email,status\na@example.org,active\nb@example.org,unsubscribed\nc@example.org,cleaned\n\
                    d@example.org,pending\ne@example.org,complained\n";
        let words = "1 added, 0 known already, 1 new and unsubscribed by the list, 2 new and suppressed by the list, \
                     1 never confirmed and not taken, 0 suppressed and left alone, 0 refused";
        let dry = format!("{words}: nothing was changed, this was a dry run");
        assert_eq!(import(&scene, text, &["--dry-run"]), counted(&dry));
        assert_eq!(states(&scene), [""; 0]);
        assert_eq!(import(&scene, text, &[]), counted(words));
        let expected = ["a active", "b unsubscribed", "c suppressed bounce", "e unsubscribed complaint"];
        assert_eq!(states(&scene), expected);
        // Nobody of them gets a letter but the first.
        scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(scene.files("outbox").len(), 1);
    }
}

#[test]
fn who_left_here_is_not_revived_by_a_list_and_who_left_there_leaves_here() {
    for scene in both() {
        import(&scene, "email\nstays@example.org\nleft@example.org\nbounced@example.org\n", &[]);
        scene.ok(&["subscribers", "remove", "left@example.org", "--at", MONDAY]);
        let text =
            "email,status\nSTAYS@example.org,subscribed\nleft@example.org,subscribed\nbounced@example.org,bounced\n";
        let words = "0 added, 2 known already (1 of them unsubscribed), 1 let go by the list, 0 suppressed and left alone, \
                     0 refused";
        assert_eq!(
            import(&scene, text, &["--dry-run"]).stdout,
            format!("{words}: nothing was changed, this was a dry run\n")
        );
        assert_eq!(import(&scene, text, &[]), counted(words));
        assert_eq!(states(&scene), ["stays active", "left unsubscribed", "bounced suppressed bounce"]);
        // Nor by one that says it with a wish to revive: only who is active there comes back.
        let text = "email,status\nleft@example.org,subscribed\nbounced@example.org,unsubscribed\n";
        assert_eq!(import(&scene, text, &["--revive"]).code, 0);
        assert_eq!(states(&scene), ["stays active", "left active", "bounced unsubscribed bounce"]);
    }
}

#[test]
fn a_list_does_not_outlive_what_a_reader_said_since() {
    for scene in both() {
        let list = "email,joined,consent,consent_confirmed\nzoe@example.org,2026-11-01,Yes,2026-11-10\n";
        import(&scene, list, &[]);
        for (status, expected) in [
            ("unsubscribed,", "zoe active"),
            ("unsubscribed,2026-11-09", "zoe active"),
            ("bounced,2026-11-09", "zoe active"),
            ("unsubscribed,2026-11-11", "zoe unsubscribed"),
        ] {
            import(&scene, &format!("email,status,since\nzoe@example.org,{status}\n"), &[]);
            assert_eq!(states(&scene), [expected], "{status}");
        }
        // Who was brought back has said so since.
        scene.ok(&["subscribers", "add", "zoe@example.org", "--revive", "--at", "2026-11-20"]);
        import(&scene, "email,status,since\nzoe@example.org,unsubscribed,2026-11-11\n", &[]);
        assert_eq!(states(&scene), ["zoe active"]);
    }
}

#[test]
fn an_unknown_state_refuses_the_list() {
    let scene = Scene::empty();
    let text = "email,Status\na@example.org,active\nb@example.org,snoozed\n";
    let message = "gazetier: list.csv:3: Status: \"snoozed\" is no state that gazetier knows: write one of active, \
                   unsubscribed, pending, bounced, complained, blocked in its place, or say what it means with --map \
                   \"state:snoozed=unsubscribed\"; if the column is about something else, say --map state=-\n";
    for more in [&[][..], &["--skip-bad"], &["--dry-run"]] {
        assert_eq!(import(&scene, text, more), told(65, "", message), "{more:?}");
        assert_eq!(states(&scene), [""; 0]);
    }
    assert_eq!(import(&scene, text, &["--map", "state:SNOOZED=unsubscribed"]).code, 0);
    assert_eq!(states(&scene), ["a active", "b unsubscribed"]);
    let scene = Scene::empty();
    assert_eq!(import(&scene, text, &["--map", "state=-"]).code, 0);
    assert_eq!(states(&scene), ["a active", "b active"]);
    // A region is no state: the other column is.
    let text = "email,state,subscription_state\na@example.org,Finistère,active\nb@example.org,Morbihan,cancelled\n";
    let scene = Scene::empty();
    assert_eq!(import(&scene, text, &[]).code, 65);
    assert_eq!(import(&scene, text, &["--map", "state=subscription_state"]).code, 0);
    assert_eq!(states(&scene), ["a active", "b unsubscribed"]);
    let scene = Scene::empty();
    let outcome = import(&scene, "email,blocklisted\na@example.org,perhaps\n", &[]);
    let message = "gazetier: list.csv:2: blocklisted: \"perhaps\" is neither yes nor no: write true or false; if the column \
                   is about something else, give it another heading\n";
    assert_eq!(outcome, told(65, "", message));
    for (map, message) in [
        ("state:x=gone", "write state:WORD= and one of active, unsubscribed, pending, bounced, complained, blocked"),
        ("mail=x", "write FIELD=HEADING, where FIELD is one of email, name, given_name,"),
    ] {
        let outcome = import(&scene, text, &["--map", map]);
        assert!(outcome.code == 2 && outcome.stderr.contains(message), "{outcome:?}");
    }
}

#[test]
fn the_list_of_the_configuration_is_read_alike() {
    for scene in both() {
        scene.put("subscribers.csv", "email,name,state\na@example.org,A,active\nb@example.org,B,unsubscribed\n");
        assert_eq!(scene.ok(&["sync", "--at", MONDAY]), "1 subscribers joined\n");
        assert_eq!(states(&scene), ["a active", "b unsubscribed"]);
        scene.put(
            "subscribers.csv",
            "email,name,state\na@example.org,A,unsubscribed\nb@example.org,B,active\nc@example.org,C,\n",
        );
        assert_eq!(scene.ok(&["sync", "--at", MONDAY]), "1 subscribers joined, 1 subscribers left by the list\n");
        assert_eq!(states(&scene), ["a unsubscribed", "b unsubscribed", "c active"]);
        // What is not understood changes nothing, and keeps no column from being read.
        scene.put("subscribers.csv", "email,name,state\nd@example.org,D,active\na@example.org,A,asleep\n");
        scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
        let outcome = scene.run(&["sync", "--at", MONDAY]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(outcome.stderr.contains("subscribers.csv:3: state: \"asleep\" is no state"), "{outcome:?}");
        assert_eq!(outcome.stdout, "1 columns added\n");
        assert_eq!(states(&scene), ["a unsubscribed", "b unsubscribed", "c active"]);
    }
}

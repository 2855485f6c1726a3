//! Objects of MariaDB. `~` is the database, `§` an account, and `;;` ends a statement.

use crate::schema_drift::cases::{AT_SOURCE, AT_TARGET, Case, OTHER, case};

const TABLE: &str = "CREATE TABLE ~.t (id int NOT NULL, v varchar(20))";

/// Each has a statement that ends it.
pub(in crate::schema_drift) const ENDABLE: &[Case] = &[
    case(
        "",
        "ALTER DATABASE ~ CHARACTER SET latin1",
        "",
        &[["schema", "", "Größe`0 x", OTHER, "ALTER DATABASE ~ CHARACTER SET latin1 COLLATE latin1_swedish_ci"]],
    ),
    case(
        "",
        "CREATE TABLE ~.t (id int PRIMARY KEY AUTO_INCREMENT, v varchar(9) COLLATE utf8mb4_bin DEFAULT 'it''s' NOT NULL, KEY i (v(3)), CHECK (v <> ''));; INSERT INTO ~.t VALUES (9, 'x')",
        "",
        &[[
            "table",
            "",
            "t",
            AT_TARGET,
            "CREATE TABLE ~.`t` (`id` int(11) NOT NULL AUTO_INCREMENT, `v` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'it''s', PRIMARY KEY (`id`), KEY `i` (`v`(3)), CONSTRAINT `CONSTRAINT_1` CHECK (`v` <> '')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
        ]],
    ),
    case("", "", "CREATE TABLE ~.t (id int PRIMARY KEY)", &[["table", "", "t", AT_SOURCE, "DROP TABLE ~.`t`"]]),
    case(
        TABLE,
        "",
        "ALTER TABLE ~.t ENGINE = MyISAM",
        &[["table", "", "t", OTHER, "ALTER TABLE ~.`t` ENGINE = InnoDB"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t COLLATE utf8mb4_bin",
        "",
        &[["table", "", "t", OTHER, "ALTER TABLE ~.`t` COLLATE = utf8mb4_bin"]],
    ),
    // Columns.
    case(
        TABLE,
        "ALTER TABLE ~.t ADD n int DEFAULT 3 COMMENT 'it''s'",
        "",
        &[["column", "t", "n", AT_TARGET, "ALTER TABLE ~.`t` ADD COLUMN `n` int(11) DEFAULT 3 COMMENT 'it''s'"]],
    ),
    case(
        TABLE,
        "",
        "ALTER TABLE ~.t ADD `N ``é` int",
        &[["column", "t", "N `é", AT_SOURCE, "ALTER TABLE ~.`t` DROP COLUMN `N ``é`"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t MODIFY v varchar(20) COLLATE latin1_bin NOT NULL DEFAULT 'x'",
        "",
        &[[
            "column",
            "t",
            "v",
            OTHER,
            "ALTER TABLE ~.`t` MODIFY COLUMN `v` varchar(20) COLLATE latin1_bin NOT NULL DEFAULT 'x'",
        ]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ADD PRIMARY KEY (id), MODIFY id int AUTO_INCREMENT",
        "ALTER TABLE ~.t ADD PRIMARY KEY (id)",
        &[["column", "t", "id", OTHER, "ALTER TABLE ~.`t` MODIFY COLUMN `id` int(11) NOT NULL AUTO_INCREMENT"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ADD w int AS (id * 2) VIRTUAL",
        "ALTER TABLE ~.t ADD w int",
        &[[
            "column",
            "t",
            "w",
            OTHER,
            "ALTER TABLE ~.`t` DROP COLUMN `w`, ADD COLUMN `w` int(11) GENERATED ALWAYS AS (`id` * 2) VIRTUAL",
        ]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ADD w timestamp DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        "ALTER TABLE ~.t ADD w timestamp NULL",
        &[[
            "column",
            "t",
            "w",
            OTHER,
            "ALTER TABLE ~.`t` MODIFY COLUMN `w` timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
        ]],
    ),
    // Indexes and constraints.
    case(
        TABLE,
        "CREATE INDEX `I ``é` ON ~.t (v(5), id DESC)",
        "",
        &[["index", "t", "I `é", AT_TARGET, "ALTER TABLE ~.`t` ADD KEY `I ``é` (`v`(5),`id` DESC)"]],
    ),
    case(
        TABLE,
        "CREATE INDEX i ON ~.t (v)",
        "CREATE INDEX i ON ~.t (id)",
        &[["index", "t", "i", OTHER, "ALTER TABLE ~.`t` DROP INDEX `i`, ADD KEY `i` (`v`)"]],
    ),
    case(
        TABLE,
        "CREATE INDEX i ON ~.t (v)",
        "CREATE UNIQUE INDEX i ON ~.t (v)",
        &[["index", "t", "i", OTHER, "ALTER TABLE ~.`t` DROP INDEX `i`, ADD KEY `i` (`v`)"]],
    ),
    case(
        TABLE,
        "CREATE FULLTEXT INDEX i ON ~.t (v)",
        "",
        &[["index", "t", "i", AT_TARGET, "ALTER TABLE ~.`t` ADD FULLTEXT KEY `i` (`v`)"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ADD PRIMARY KEY (id)",
        "",
        &[["primary_key", "t", "PRIMARY", AT_TARGET, "ALTER TABLE ~.`t` ADD PRIMARY KEY (`id`)"]],
    ),
    case(
        TABLE,
        "",
        "ALTER TABLE ~.t ADD UNIQUE u (id)",
        &[["index", "t", "u", AT_SOURCE, "ALTER TABLE ~.`t` DROP INDEX `u`"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ADD CONSTRAINT k CHECK (id > 0)",
        "ALTER TABLE ~.t ADD CONSTRAINT k CHECK (id > 1)",
        &[[
            "check",
            "t",
            "k",
            OTHER,
            "ALTER TABLE ~.`t` DROP CONSTRAINT `k`; ALTER TABLE ~.`t` ADD CONSTRAINT `k` CHECK (`id` > 0)",
        ]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t MODIFY id int NOT NULL CHECK (id > 5)",
        "",
        &[["check", "t", "id", AT_TARGET, "ALTER TABLE ~.`t` MODIFY COLUMN `id` int(11) NOT NULL CHECK (`id` > 5)"]],
    ),
    case(
        "CREATE TABLE ~.p (id int PRIMARY KEY);; CREATE TABLE ~.t (id int, KEY (id))",
        "ALTER TABLE ~.t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES ~.p (id) ON DELETE CASCADE",
        "ALTER TABLE ~.t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES ~.p (id)",
        &[[
            "foreign_key",
            "t",
            "k",
            OTHER,
            "ALTER TABLE ~.`t` DROP FOREIGN KEY `k`; ALTER TABLE ~.`t` ADD CONSTRAINT `k` FOREIGN KEY (`id`) REFERENCES ~.`p` (`id`) ON DELETE CASCADE",
        ]],
    ),
    case(
        "",
        "CREATE TABLE ~.p (id int PRIMARY KEY);; CREATE TABLE ~.a (id int, CONSTRAINT k FOREIGN KEY (id) REFERENCES ~.p (id))",
        "",
        &[
            [
                "table",
                "",
                "a",
                AT_TARGET,
                "CREATE TABLE ~.`a` (`id` int(11) DEFAULT NULL, KEY `k` (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
            ],
            [
                "table",
                "",
                "p",
                AT_TARGET,
                "CREATE TABLE ~.`p` (`id` int(11) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
            ],
            [
                "foreign_key",
                "a",
                "k",
                AT_TARGET,
                "ALTER TABLE ~.`a` ADD CONSTRAINT `k` FOREIGN KEY (`id`) REFERENCES ~.`p` (`id`)",
            ],
        ],
    ),
    case(
        "CREATE TABLE ~.t (id int) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10))",
        "",
        "ALTER TABLE ~.t ADD PARTITION (PARTITION b VALUES LESS THAN (20))",
        &[["partition", "t", "b", AT_SOURCE, "ALTER TABLE ~.`t` DROP PARTITION `b`"]],
    ),
    // Sequences.
    case(
        "",
        "CREATE SEQUENCE ~.s INCREMENT 2 CYCLE",
        "",
        &[[
            "sequence",
            "",
            "s",
            AT_TARGET,
            "CREATE SEQUENCE ~.`s` START WITH 1 MINVALUE 1 MAXVALUE 9223372036854775806 INCREMENT BY 2 CACHE 1000 CYCLE",
        ]],
    ),
    case(
        "CREATE SEQUENCE ~.s",
        "ALTER SEQUENCE ~.s CACHE 7",
        "",
        &[[
            "sequence",
            "",
            "s",
            OTHER,
            "ALTER SEQUENCE ~.`s` START WITH 1 MINVALUE 1 MAXVALUE 9223372036854775806 INCREMENT BY 1 CACHE 7 NOCYCLE",
        ]],
    ),
    // Code.
    case(
        TABLE,
        "CREATE VIEW ~.w AS SELECT id, 'it''s' AS n FROM ~.t WHERE id > 1 WITH CASCADED CHECK OPTION",
        "",
        &[[
            "view",
            "",
            "w",
            AT_TARGET,
            "SET collation_connection = 'utf8mb4_general_ci'; CREATE OR REPLACE ALGORITHM = UNDEFINED DEFINER = `rdsadmin`@`localhost` SQL SECURITY DEFINER VIEW ~.`w` AS select ~.`t`.`id` AS `id`,'it\\'s' AS `n` from ~.`t` where ~.`t`.`id` > 1 WITH CASCADED CHECK OPTION",
        ]],
    ),
    case(
        TABLE,
        "CREATE VIEW ~.w AS SELECT id FROM ~.t",
        "CREATE SQL SECURITY INVOKER VIEW ~.w AS SELECT v FROM ~.t",
        &[[
            "view",
            "",
            "w",
            OTHER,
            "SET collation_connection = 'utf8mb4_general_ci'; CREATE OR REPLACE ALGORITHM = UNDEFINED DEFINER = `rdsadmin`@`localhost` SQL SECURITY DEFINER VIEW ~.`w` AS select ~.`t`.`id` AS `id` from ~.`t`",
        ]],
    ),
    case(
        TABLE,
        "CREATE DEFINER = § VIEW ~.w AS SELECT id FROM ~.t",
        "CREATE VIEW ~.w AS SELECT id FROM ~.t",
        &[[
            "definer",
            "w",
            "view",
            OTHER,
            "SET collation_connection = 'utf8mb4_general_ci'; CREATE OR REPLACE ALGORITHM = UNDEFINED DEFINER = `jane é`@`10.0.0.0/255.0.0.0` SQL SECURITY DEFINER VIEW ~.`w` AS select ~.`t`.`id` AS `id` from ~.`t`",
        ]],
    ),
    case(
        "",
        "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';; CREATE FUNCTION ~.\"f é\"(a int, \"b \"\" c\" varchar(9)) RETURNS varchar(20) DETERMINISTIC BEGIN SET @x = 1; RETURN 'it''s' || a; END;; SET sql_mode = DEFAULT",
        "",
        &[[
            "function",
            "",
            "f é",
            AT_TARGET,
            "SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES', collation_connection = 'utf8mb4_general_ci'; CREATE DEFINER=\"rdsadmin\"@\"localhost\" FUNCTION ~.`f é`(a int, \"b \"\" c\" varchar(9)) RETURNS varchar(20) CHARSET latin1 COLLATE latin1_swedish_ci\n    DETERMINISTIC\nBEGIN SET @x = 1; RETURN 'it''s' || a; END",
        ]],
    ),
    case(
        "",
        "CREATE PROCEDURE ~.p(INOUT a int) BEGIN SET a = 1; END",
        "CREATE PROCEDURE ~.p(OUT a int) BEGIN SET a = 1; END",
        &[[
            "procedure",
            "",
            "p",
            OTHER,
            "DROP PROCEDURE ~.`p`; SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', collation_connection = 'utf8mb4_general_ci'; CREATE DEFINER=`rdsadmin`@`localhost` PROCEDURE ~.`p`(INOUT a int)\nBEGIN SET a = 1; END",
        ]],
    ),
    case("", "", "CREATE PROCEDURE ~.p() SELECT 1", &[["procedure", "", "p", AT_SOURCE, "DROP PROCEDURE ~.`p`"]]),
    case(
        TABLE,
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES';; CREATE DEFINER = § TRIGGER ~.g BEFORE INSERT ON ~.t FOR EACH ROW BEGIN SET NEW.v = 'a\\b'; SET @x = 'it''s'; END;; SET sql_mode = DEFAULT",
        "CREATE DEFINER = § TRIGGER ~.g BEFORE INSERT ON ~.t FOR EACH ROW SET NEW.v = 'b'",
        &[[
            "trigger",
            "t",
            "g",
            OTHER,
            "DROP TRIGGER ~.`g`; SET sql_mode = 'NO_BACKSLASH_ESCAPES', collation_connection = 'utf8mb4_general_ci'; CREATE DEFINER = `jane é`@`10.0.0.0/255.0.0.0` TRIGGER ~.`g` BEFORE INSERT ON ~.`t` FOR EACH ROW BEGIN SET NEW.v = 'a\\b'; SET @x = 'it''s'; END",
        ]],
    ),
    case(
        TABLE,
        "CREATE TRIGGER ~.a AFTER UPDATE ON ~.t FOR EACH ROW SET @a = 1;; CREATE TRIGGER ~.b AFTER UPDATE ON ~.t FOR EACH ROW PRECEDES a SET @b = 1",
        "CREATE TRIGGER ~.a AFTER UPDATE ON ~.t FOR EACH ROW SET @a = 1;; CREATE TRIGGER ~.b AFTER UPDATE ON ~.t FOR EACH ROW SET @b = 1",
        &[[
            "trigger_order",
            "t",
            "after update",
            OTHER,
            "DROP TRIGGER IF EXISTS ~.`b`; DROP TRIGGER IF EXISTS ~.`a`; SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', collation_connection = 'utf8mb4_general_ci'; CREATE DEFINER = `rdsadmin`@`localhost` TRIGGER ~.`b` AFTER UPDATE ON ~.`t` FOR EACH ROW SET @b = 1; SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', collation_connection = 'utf8mb4_general_ci'; CREATE DEFINER = `rdsadmin`@`localhost` TRIGGER ~.`a` AFTER UPDATE ON ~.`t` FOR EACH ROW SET @a = 1",
        ]],
    ),
    case(
        "",
        "SET time_zone = '+02:00';; CREATE EVENT ~.e ON SCHEDULE EVERY 90 MINUTE STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DO BEGIN SELECT 'a'; SELECT 2; END;; SET time_zone = DEFAULT",
        "",
        &[[
            "event",
            "",
            "e",
            AT_TARGET,
            "SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', collation_connection = 'utf8mb4_general_ci', time_zone = '+02:00'; CREATE DEFINER=`rdsadmin`@`localhost` EVENT ~.`e` ON SCHEDULE EVERY 90 MINUTE STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE DO BEGIN SELECT 'a'; SELECT 2; END",
        ]],
    ),
    case(
        "CREATE DEFINER = § EVENT ~.e ON SCHEDULE AT '2030-01-01 00:00:00' DO SELECT 1",
        "",
        "ALTER DEFINER = § EVENT ~.e DISABLE",
        &[["event_status", "e", "e", OTHER, "ALTER DEFINER = `jane é`@`10.0.0.0/255.0.0.0` EVENT ~.`e` ENABLE"]],
    ),
    // Privileges.
    case(
        TABLE,
        "GRANT SELECT, INSERT ON ~.t TO §;; GRANT UPDATE (v) ON ~.t TO §",
        "GRANT SELECT, DELETE ON ~.t TO § WITH GRANT OPTION",
        &[
            [
                "grant",
                "t",
                "§",
                OTHER,
                "REVOKE DELETE ON ~.`t` FROM §; GRANT INSERT ON ~.`t` TO §; REVOKE GRANT OPTION ON ~.`t` FROM §",
            ],
            ["grant", "t", "§, column v", AT_TARGET, "GRANT UPDATE (`v`) ON ~.`t` TO §"],
        ],
    ),
    case(
        "",
        "GRANT SELECT, CREATE ROUTINE ON ~.* TO clerk",
        "",
        &[[
            "grant",
            "",
            "'clerk'@''",
            AT_TARGET,
            "GRANT CREATE ROUTINE ON ~.* TO 'clerk'; GRANT SELECT ON ~.* TO 'clerk'",
        ]],
    ),
    case(
        "CREATE PROCEDURE ~.p() SELECT 1",
        "GRANT EXECUTE ON PROCEDURE ~.p TO §",
        "",
        &[["grant", "p", "§, procedure", AT_TARGET, "GRANT EXECUTE ON PROCEDURE ~.`p` TO §"]],
    ),
];

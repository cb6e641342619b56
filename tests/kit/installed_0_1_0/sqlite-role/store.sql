BEGIN TRANSACTION;
CREATE TABLE coachsync_entries (
    session_id TEXT PRIMARY KEY NOT NULL,
    guild_id TEXT NOT NULL,
    access TEXT NOT NULL,
    short TEXT NOT NULL,
    role_name TEXT NOT NULL,
    channel_name TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    setup_start INTEGER NOT NULL,
    state TEXT NOT NULL,
    student TEXT,
    coach TEXT,
    student_name TEXT NOT NULL,
    coach_name TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    closed_start INTEGER,
    missing_first INTEGER,
    missing_last INTEGER,
    repairs TEXT NOT NULL
);
INSERT INTO "coachsync_entries" VALUES('over0002','1559943865958400004','role','over0002','Session over0002','🎤 coaching-over0002',1791997200000,1792000800000,1791997200000,'closed','1559943865958400006','1559943865958400007','','',1791990000540,'end',1791997200000,NULL,NULL,'{}');
INSERT INTO "coachsync_entries" VALUES('open0003','1559943865958400004','role','open0003','Session open0003','🎤 coaching-open0003',1792013400000,1792017000000,1792013400000,'open','1559943865958400006','1559943865958400007','Olga','Ömer',1792004460512,'',NULL,NULL,NULL,'{}');
INSERT INTO "coachsync_entries" VALUES('wait0004','1559943865958400004','role','wait0004','Session wait0004','🎤 coaching-wait0004',1792013700000,1792017300000,1792013700000,'opening','1560004263936000013','1559943865958400007','','',1792004460514,'',NULL,NULL,NULL,'{}');
INSERT INTO "coachsync_entries" VALUES('half0005','1559943865958400004','role','half0005','Session half0005','🎤 coaching-half0005',1792014000000,1792017600000,1792014000000,'opening','1559943865958400006','1559943865958400007','','',1792004460509,'',NULL,NULL,NULL,'{}');
INSERT INTO "coachsync_entries" VALUES('gone0001','1559943865958400004','role','gone0001','Session gone0001','🎤 coaching-gone0001',1792000800000,1792004400000,1792000800000,'closing','1559943865958400006','1559943865958400007','Gus','',1791990000547,'end',1792000800000,NULL,NULL,'{}');
CREATE TABLE coachsync_events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    what TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
);
INSERT INTO "coachsync_events" VALUES(1,1791990000000,'over0002','role made','done','Session over0002 (1559943865958400009)');
INSERT INTO "coachsync_events" VALUES(2,1791990000000,'gone0001','role made','done','Session gone0001 (1559943865958400010)');
INSERT INTO "coachsync_events" VALUES(3,1791990000000,'over0002','channel made','done','🎤 coaching-over0002 (1559943865958400011)');
INSERT INTO "coachsync_events" VALUES(4,1791990000000,'gone0001','channel made','done','🎤 coaching-gone0001 (1559943865958400012)');
INSERT INTO "coachsync_events" VALUES(5,1791990000000,'over0002','let in','done','1559943865958400006');
INSERT INTO "coachsync_events" VALUES(6,1791990000000,'over0002','let in','done','1559943865958400007');
INSERT INTO "coachsync_events" VALUES(7,1791990000000,'over0002','setup','done','starts in 2 h 0 min');
INSERT INTO "coachsync_events" VALUES(8,1791990000000,'gone0001','let in','done','1559943865958400006');
INSERT INTO "coachsync_events" VALUES(9,1791990000000,'gone0001','let in','done','1559943865958400007');
INSERT INTO "coachsync_events" VALUES(10,1791990000000,'gone0001','setup','done','starts in 3 h 0 min');
INSERT INTO "coachsync_events" VALUES(11,1792004400000,'over0002','channel deleted','done','🎤 coaching-over0002 (1559943865958400011)');
INSERT INTO "coachsync_events" VALUES(12,1792004400000,'over0002','role deleted','done','Session over0002 (1559943865958400009)');
INSERT INTO "coachsync_events" VALUES(13,1792004400000,'over0002','cleanup','done','ended 1 h 0 min ago');
INSERT INTO "coachsync_events" VALUES(14,1792004460000,'open0003','role made','done','Session open0003 (1560004515594240014)');
INSERT INTO "coachsync_events" VALUES(15,1792004460000,'wait0004','role made','done','Session wait0004 (1560004515594240015)');
INSERT INTO "coachsync_events" VALUES(16,1792004460000,'open0003','channel made','done','🎤 coaching-open0003 (1560004515594240016)');
INSERT INTO "coachsync_events" VALUES(17,1792004460000,'wait0004','channel made','done','🎤 coaching-wait0004 (1560004515594240017)');
INSERT INTO "coachsync_events" VALUES(18,1792004460000,'open0003','let in','done','1559943865958400006');
INSERT INTO "coachsync_events" VALUES(19,1792004460000,'open0003','let in','done','1559943865958400007');
INSERT INTO "coachsync_events" VALUES(20,1792004460000,'open0003','setup','done','starts in 2 h 29 min');
INSERT INTO "coachsync_events" VALUES(21,1792004460000,'wait0004','let in','not in the guild','1560004263936000013');
INSERT INTO "coachsync_events" VALUES(22,1792004460000,'wait0004','let in','done','1559943865958400007');
INSERT INTO "coachsync_events" VALUES(23,1792004460000,'wait0004','setup','failed','unknown_member: the student (1560004263936000013) is not in the guild
invite them to the guild; access is given at the next run after they join');
INSERT INTO "coachsync_events" VALUES(24,1792004460000,'wait0004','let in','not in the guild','1560004263936000013');
INSERT INTO "coachsync_events" VALUES(25,1792004460000,'half0005','role made','done','Session half0005 (1560004515594240018)');
CREATE TABLE coachsync_grants (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    granted_at INTEGER,
    revoked_at INTEGER
);
INSERT INTO "coachsync_grants" VALUES(1,'over0002','1559943865958400006','revoked',1791990000682,1792004400604);
INSERT INTO "coachsync_grants" VALUES(2,'over0002','1559943865958400007','revoked',1791990000667,1792004400604);
INSERT INTO "coachsync_grants" VALUES(3,'gone0001','1559943865958400006','granted',1791990000667,NULL);
INSERT INTO "coachsync_grants" VALUES(4,'gone0001','1559943865958400007','granted',1791990000673,NULL);
INSERT INTO "coachsync_grants" VALUES(5,'open0003','1559943865958400006','granted',1792004460588,NULL);
INSERT INTO "coachsync_grants" VALUES(6,'open0003','1559943865958400007','granted',1792004460590,NULL);
INSERT INTO "coachsync_grants" VALUES(7,'wait0004','1560004263936000013','asked',NULL,NULL);
INSERT INTO "coachsync_grants" VALUES(8,'wait0004','1559943865958400007','granted',1792004460600,NULL);
CREATE TABLE coachsync_limits (guild_id TEXT PRIMARY KEY NOT NULL, roles_exhausted_until INTEGER NOT NULL);
CREATE TABLE coachsync_meta (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "coachsync_meta" VALUES('first_run_at',1791990000000);
INSERT INTO "coachsync_meta" VALUES('version',1);
CREATE TABLE coachsync_reported (
    session_id TEXT NOT NULL,
    code TEXT NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY (session_id, code, start)
) WITHOUT ROWID;
CREATE TABLE coachsync_resources (
    id INTEGER PRIMARY KEY,
    session_id TEXT,
    guild_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt_at INTEGER NOT NULL,
    attempt_until INTEGER,
    snowflake TEXT,
    made_at INTEGER,
    deleted_at INTEGER
);
INSERT INTO "coachsync_resources" VALUES(1,'over0002','1559943865958400004','role','Session over0002','deleted',1791990000540,1791990000567,'1559943865958400009',1791990000567,1792004400604);
INSERT INTO "coachsync_resources" VALUES(2,'gone0001','1559943865958400004','role','Session gone0001','made',1791990000547,1791990000571,'1559943865958400010',1791990000571,NULL);
INSERT INTO "coachsync_resources" VALUES(3,'over0002','1559943865958400004','channel','🎤 coaching-over0002','deleted',1791990000567,1791990000599,'1559943865958400011',1791990000599,1792004400609);
INSERT INTO "coachsync_resources" VALUES(4,'gone0001','1559943865958400004','channel','🎤 coaching-gone0001','made',1791990000571,1791990000618,'1559943865958400012',1791990000618,NULL);
INSERT INTO "coachsync_resources" VALUES(5,'open0003','1559943865958400004','role','Session open0003','made',1792004460512,1792004460540,'1560004515594240014',1792004460540,NULL);
INSERT INTO "coachsync_resources" VALUES(6,'wait0004','1559943865958400004','role','Session wait0004','made',1792004460516,1792004460547,'1560004515594240015',1792004460547,NULL);
INSERT INTO "coachsync_resources" VALUES(7,'open0003','1559943865958400004','channel','🎤 coaching-open0003','made',1792004460541,1792004460556,'1560004515594240016',1792004460556,NULL);
INSERT INTO "coachsync_resources" VALUES(8,'wait0004','1559943865958400004','channel','🎤 coaching-wait0004','made',1792004460547,1792004460565,'1560004515594240017',1792004460565,NULL);
INSERT INTO "coachsync_resources" VALUES(9,'half0005','1559943865958400004','role','Session half0005','made',1792004460510,1792004460519,'1560004515594240018',1792004460519,NULL);
INSERT INTO "coachsync_resources" VALUES(10,'half0005','1559943865958400004','channel','🎤 coaching-half0005','attempted',1792004460519,NULL,NULL,NULL,NULL);
CREATE TABLE coachsync_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    command TEXT NOT NULL,
    exit_code INTEGER,
    summary TEXT NOT NULL
);
INSERT INTO "coachsync_runs" VALUES(1,1791990000000,1791990000000,'run',0,'{"setup": {"done": 2}}');
INSERT INTO "coachsync_runs" VALUES(2,1792004400000,1792004400000,'run',0,'{"cleanup": {"done": 1}}');
INSERT INTO "coachsync_runs" VALUES(3,1792004460000,1792004460000,'run',1,'{"setup": {"done": 1, "failed": 1}}');
INSERT INTO "coachsync_runs" VALUES(4,1792004460000,NULL,'setup',NULL,'{}');
INSERT INTO "coachsync_runs" VALUES(5,1792008060000,NULL,'cleanup',NULL,'{}');
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    status TEXT,
    scheduled_date INTEGER,
    duration INTEGER,
    student_discord_id TEXT,
    coach_discord_id TEXT,
    student_name TEXT,
    coach_name TEXT,
    guild_id TEXT,
    discord_setup_complete INTEGER,
    discord_cleaned_up INTEGER,
    discord_channel_id TEXT,
    discord_role_id TEXT
);
INSERT INTO "sessions" VALUES('gone0001','SCHEDULED',1792000800000,60,'1559943865958400006','1559943865958400007','Gus',NULL,NULL,1,0,'1559943865958400012','1559943865958400010');
INSERT INTO "sessions" VALUES('over0002','COMPLETED',1791997200000,60,'1559943865958400006','1559943865958400007',NULL,NULL,NULL,1,1,'1559943865958400011','1559943865958400009');
INSERT INTO "sessions" VALUES('open0003','SCHEDULED',1792013400000,60,'1559943865958400006','1559943865958400007','Olga','Ömer',NULL,1,0,'1560004515594240016','1560004515594240014');
INSERT INTO "sessions" VALUES('wait0004','SCHEDULED',1792013700000,60,'1560004263936000013','1559943865958400007',NULL,NULL,NULL,0,0,'1560004515594240017','1560004515594240015');
INSERT INTO "sessions" VALUES('half0005','SCHEDULED',1792014000000,60,'1559943865958400006','1559943865958400007',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX coachsync_by_start ON sessions (scheduled_date);
CREATE INDEX coachsync_open ON sessions (scheduled_date) WHERE coalesce(discord_cleaned_up, 0) IS NOT 1 AND (coalesce(discord_setup_complete, 0) IS NOT 0 OR coalesce(discord_role_id, '') IS NOT '' OR coalesce(discord_channel_id, '') IS NOT '');
CREATE INDEX coachsync_entries_live ON coachsync_entries (session_id) WHERE state <> 'closed';
CREATE INDEX coachsync_entries_closed ON coachsync_entries (ends_at) WHERE state = 'closed';
CREATE INDEX coachsync_entries_short ON coachsync_entries (short);
CREATE INDEX coachsync_resources_session ON coachsync_resources (session_id);
CREATE INDEX coachsync_resources_attempted ON coachsync_resources (session_id) WHERE state = 'attempted';
CREATE INDEX coachsync_resources_made ON coachsync_resources (guild_id, kind, made_at);
CREATE INDEX coachsync_resources_given_up ON coachsync_resources (guild_id) WHERE state = 'abandoned';
CREATE INDEX coachsync_grants_session ON coachsync_grants (session_id);
CREATE INDEX coachsync_runs_started ON coachsync_runs (started_at);
CREATE INDEX coachsync_events_session ON coachsync_events (session_id);
CREATE INDEX coachsync_events_at ON coachsync_events (at);
CREATE INDEX coachsync_reported_start ON coachsync_reported (start);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('coachsync_runs',5);
COMMIT;

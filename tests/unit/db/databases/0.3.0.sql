-- An SQLite database of opsroom 0.3.0, as `sqlite3 opsroom.db .dump` writes it: four deployments in the
-- world of `make demo` (one refused, one waiting for approval, one whose runner was killed), a lock, a card
-- and a page. The ledger is chained by hashes: do not edit its lines.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE approvals (
	change TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	at TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	second_factor INTEGER NOT NULL, 
	CONSTRAINT approvals_once PRIMARY KEY (change, owner)
);
CREATE TABLE card_comments (
	tracker TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	project TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	author TEXT NOT NULL, 
	text TEXT NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT card_comments_once PRIMARY KEY (tracker, mark)
);
CREATE TABLE cards (
	tracker TEXT NOT NULL, 
	project TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	mark TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	description TEXT NOT NULL, 
	status TEXT NOT NULL, 
	assignee TEXT NOT NULL, 
	reporter TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	changed_at TEXT NOT NULL, 
	CONSTRAINT cards_number PRIMARY KEY (tracker, project, number), 
	CONSTRAINT cards_mark UNIQUE (tracker, mark)
);
INSERT INTO "cards" VALUES('board','SHOP',1,'opsc822accefeb0f','checkout is slow','','To do','','bob','2026-02-02T10:00:05.186464+00:00','2026-02-02T10:00:05.186464+00:00');
CREATE TABLE changes (
	id TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	command TEXT NOT NULL, 
	app TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	asked_version TEXT NOT NULL, 
	version TEXT NOT NULL, 
	commit_id TEXT NOT NULL, 
	version_before TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	person TEXT NOT NULL, 
	chat_name TEXT NOT NULL, 
	room TEXT NOT NULL, 
	st2_user TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	"plan" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	needed INTEGER NOT NULL, 
	asked_at TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT changes_deployment UNIQUE (deployment)
);
INSERT INTO "changes" VALUES('JNY3','80c630f62e835f3a','approval','open','deploy','web','production','v1.1.0','v1.1.0','e6c7a45216a7b33cf2f3d08e0606e89a2d2d34dc','','person:alice','alice','alice','alice','#ops','chatops_bot','08f4fad3682c8237c9fe5c17','web on production would get v1.1.0 (e6c7a45216a7)','',1,'2026-02-02T10:00:05.579637+00:00','2026-02-02T10:30:05.579637+00:00','{"cards": [], "did": "deployed web {version} to production", "doing": "deploying web {version} to production", "looked": true, "redeploy": false}');
CREATE TABLE claims (
	app TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	command TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	person TEXT NOT NULL, 
	room TEXT NOT NULL, 
	st2_user TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	version TEXT NOT NULL, 
	step TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	lease_until TEXT NOT NULL, 
	CONSTRAINT claims_place PRIMARY KEY (app, environment), 
	CONSTRAINT claims_deployment UNIQUE (deployment)
);
INSERT INTO "claims" VALUES('api','uat','f4aebaacdf3cf8a0','deploy','bob','bob','#dev','chatops_bot','e28562c8a30c9f749214f8b8','v2.1.0','checking','2026-02-02T10:00:02.856259+00:00','2026-02-02T10:01:02.856259+00:00');
CREATE TABLE handles (
	app TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT handles_place PRIMARY KEY (app, environment, name)
);
CREATE TABLE incidents (
	id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	who TEXT NOT NULL, 
	app TEXT NOT NULL, 
	text TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	person TEXT NOT NULL, 
	chat_name TEXT NOT NULL, 
	st2_user TEXT NOT NULL, 
	room TEXT NOT NULL, 
	since TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	tracker TEXT NOT NULL, 
	card TEXT NOT NULL, 
	card_mark TEXT NOT NULL, 
	card_url TEXT NOT NULL, 
	pager TEXT NOT NULL, 
	page TEXT NOT NULL, 
	page_url TEXT NOT NULL, 
	page_words TEXT NOT NULL, 
	linked TEXT NOT NULL, 
	closed_at TEXT NOT NULL, 
	closed_by TEXT NOT NULL, 
	closing TEXT NOT NULL, 
	page_over TEXT NOT NULL, 
	card_told TEXT NOT NULL, 
	card_over TEXT NOT NULL, 
	CONSTRAINT incidents_id PRIMARY KEY (id)
);
CREATE TABLE ledger (
	seq INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	event TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	command TEXT NOT NULL, 
	requester TEXT NOT NULL, 
	person TEXT NOT NULL, 
	chat_name TEXT NOT NULL, 
	room TEXT NOT NULL, 
	st2_user TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	app TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	version_before TEXT NOT NULL, 
	version TEXT NOT NULL, 
	code TEXT NOT NULL, 
	message TEXT NOT NULL, 
	milliseconds INTEGER, 
	facts TEXT NOT NULL, 
	previous_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT ledger_previous_hash UNIQUE (previous_hash)
);
INSERT INTO "ledger" VALUES(1,'2026-02-02T10:00:04.130218+00:00','asked','9a9ba856e2160686','deploy','bob','bob','bob','#dev','chatops_bot','df91336edaa1e3b1a87fc94b','web','uat','','v1.1.0','','',758,'{}','0000000000000000000000000000000000000000000000000000000000000000','3045d9ae6f78d3c091ca5e7002e6cc5cb090621f1c006bd8320b0535ee035bbc');
INSERT INTO "ledger" VALUES(2,'2026-02-02T10:00:04.281727+00:00','started','9a9ba856e2160686','deploy','bob','bob','bob','#dev','chatops_bot','df91336edaa1e3b1a87fc94b','web','uat','','v1.1.0','','',910,'{"asked_version":"v1.1.0","commit":"e6c7a45216a7b33cf2f3d08e0606e89a2d2d34dc"}','3045d9ae6f78d3c091ca5e7002e6cc5cb090621f1c006bd8320b0535ee035bbc','0226154b997c6e06db6473d220517f4b437cdac00f4383f6508063a2b1b3411e');
INSERT INTO "ledger" VALUES(3,'2026-02-02T10:00:04.403459+00:00','succeeded','9a9ba856e2160686','deploy','bob','bob','bob','#dev','chatops_bot','df91336edaa1e3b1a87fc94b','web','uat','','v1.1.0','deployed','bob deployed web v1.1.0 to uat, verified, in 1 s, at 10:00 UTC.',1022,'{"commit":"e6c7a45216a7b33cf2f3d08e0606e89a2d2d34dc","verified":true}','0226154b997c6e06db6473d220517f4b437cdac00f4383f6508063a2b1b3411e','d8b86cfcd9246ace430022877c37231853f94f980b8c6da48b6617bb07ea3af8');
INSERT INTO "ledger" VALUES(4,'2026-02-02T10:00:04.496752+00:00','asked','6c9d258f057ff8cf','deploy','bob','bob','bob','#dev','chatops_bot','35d2c37543ed0aec7a575a9e','web','test','','v9.9.9','','',5,'{}','d8b86cfcd9246ace430022877c37231853f94f980b8c6da48b6617bb07ea3af8','ed5030a3edc77987d4c51a79d588fdbcf025da15c66ea63aa38557f5da65bd7f');
INSERT INTO "ledger" VALUES(5,'2026-02-02T10:00:04.642488+00:00','refused','6c9d258f057ff8cf','deploy','bob','bob','bob','#dev','chatops_bot','35d2c37543ed0aec7a575a9e','web','test','','v9.9.9','unknown_version','There is no tag, branch or commit ''v9.9.9'' of web. The newest are v1.3.0-rc1, v1.2.0 and v1.1.0.',149,'{}','ed5030a3edc77987d4c51a79d588fdbcf025da15c66ea63aa38557f5da65bd7f','e4e313ff896f6f831412649f2a01b318e4eda62816140c5b2edae6d1819dc5a1');
INSERT INTO "ledger" VALUES(6,'2026-02-02T10:00:04.720647+00:00','asked','1770eedc6d073d21','deploy','bob','bob','bob','#dev','chatops_bot','f9701a6a55acf0f3b17a1dd0','web','test','','v1.0.0','','',2,'{}','e4e313ff896f6f831412649f2a01b318e4eda62816140c5b2edae6d1819dc5a1','76ef7d0bdbd6413ced8c7f417fd8c495b4209a59cce4368a587bc1c0087ecd12');
INSERT INTO "ledger" VALUES(7,'2026-02-02T10:00:04.893876+00:00','started','1770eedc6d073d21','deploy','bob','bob','bob','#dev','chatops_bot','f9701a6a55acf0f3b17a1dd0','web','test','','v1.0.0','','',175,'{"asked_version":"v1.0.0","commit":"27bd8ae312cfdf99f7bab1c5388cb43cf0e5f29a"}','76ef7d0bdbd6413ced8c7f417fd8c495b4209a59cce4368a587bc1c0087ecd12','35ac7540f1c4b43c962a46e9d23d9e10a3124f188ce5a94c53ab0c9802b92d91');
INSERT INTO "ledger" VALUES(8,'2026-02-02T10:00:04.942872+00:00','succeeded','1770eedc6d073d21','deploy','bob','bob','bob','#dev','chatops_bot','f9701a6a55acf0f3b17a1dd0','web','test','','v1.0.0','deployed','bob deployed web v1.0.0 to test, verified, in 0.2 s, at 10:00 UTC.',222,'{"commit":"27bd8ae312cfdf99f7bab1c5388cb43cf0e5f29a","verified":true}','35ac7540f1c4b43c962a46e9d23d9e10a3124f188ce5a94c53ab0c9802b92d91','9435154a2880e246318a282f208393fe30ef52a2b954d4b42eb6c764e061cac7');
INSERT INTO "ledger" VALUES(9,'2026-02-02T10:00:05.073863+00:00','locked','ea8c4a1b815da662','lock','bob','bob','bob','#dev','chatops_bot','c5ec8161013256dede299302','web','test','','','locked_now','web on test is locked by bob since 10:00 UTC: load test. Only bob can deploy there now. To end it: unlock web on test',29,'{"app":"web","deploying":[],"environment":"test","owner":"bob","reason":"load test","renewed":false,"room":"#dev","since":"2026-02-02T10:00:05Z","until":""}','9435154a2880e246318a282f208393fe30ef52a2b954d4b42eb6c764e061cac7','96cf9c140c0179b15696937f98fa22e899f6ce0a39ad147e1c218a3867a7dc65');
INSERT INTO "ledger" VALUES(10,'2026-02-02T10:00:05.174993+00:00','asked','0eb3a0ef77816809','create card','bob','bob','bob','#dev','chatops_bot','c0b71e8270087b89352c554b','','','','','','',9,'{"summary":"checkout is slow","tracker":"board"}','96cf9c140c0179b15696937f98fa22e899f6ce0a39ad147e1c218a3867a7dc65','682a9b07de224fdcbec4457350d84229964e1a61f2ca0c91222b3f4a9470f8a6');
INSERT INTO "ledger" VALUES(11,'2026-02-02T10:00:05.194960+00:00','card_created','0eb3a0ef77816809','create card','bob','bob','bob','#dev','chatops_bot','c0b71e8270087b89352c554b','','','','','card_created','bob created SHOP-1 in board: checkout is slow',28,'{"card":"SHOP-1","mark":"opsc822accefeb0f","notes":[],"project":"","summary":"checkout is slow","tracker":"board","url":""}','682a9b07de224fdcbec4457350d84229964e1a61f2ca0c91222b3f4a9470f8a6','4aa60f243d0f1a9c9ae65cc318284a46f8909c68ebc043d5fedf385b1f90eab6');
INSERT INTO "ledger" VALUES(12,'2026-02-02T10:00:05.254631+00:00','asked','8fe57f067ddfd6b1','page','alice','alice','alice','#dev','chatops_bot','b95fb368230d1aba1fee4de6','','','','','','',3,'{"team":"web-team","text":"checkout takes no cards","who":"web-team"}','4aa60f243d0f1a9c9ae65cc318284a46f8909c68ebc043d5fedf385b1f90eab6','a7b97e7109520539790b042cb8be35c1533d4ccb0d1d1f8a17e5f6db1767c721');
INSERT INTO "ledger" VALUES(13,'2026-02-02T10:00:05.402459+00:00','paged','8fe57f067ddfd6b1','page','alice','alice','alice','#dev','chatops_bot','b95fb368230d1aba1fee4de6','','','','','paged','alice paged bob (on call) for web-team through pager, incident 1.',150,'{"delivery":"accepted","incident":"1","mark":"ops7f814ec315ccf","notes":[],"number":"1","on_call":true,"pager":"pager","people":["bob"],"target":"web-team","target_kind":"log","team":"web-team","text":"checkout takes no cards","tried":[],"until":"","url":"","who":"web-team"}','a7b97e7109520539790b042cb8be35c1533d4ccb0d1d1f8a17e5f6db1767c721','bcc5c627c9cb0f31395771677044f3db6cef2b83636ecaeb50491766cc5c098a');
INSERT INTO "ledger" VALUES(14,'2026-02-02T10:00:05.460011+00:00','asked','80c630f62e835f3a','deploy','alice','alice','alice','#ops','chatops_bot','08f4fad3682c8237c9fe5c17','web','production','','v1.1.0','','',5,'{}','bcc5c627c9cb0f31395771677044f3db6cef2b83636ecaeb50491766cc5c098a','40888d8c7fcfa7980fdc64c0da702f465c6bc3c18face15ac4344171f35693e7');
INSERT INTO "ledger" VALUES(15,'2026-02-02T10:00:05.581764+00:00','waiting','80c630f62e835f3a','deploy','alice','alice','alice','#ops','chatops_bot','08f4fad3682c8237c9fe5c17','web','production','','v1.1.0','waiting','Change JNY3: web on production would get v1.1.0 (e6c7a45216a7), asked by alice. To approve: approve change JNY3 (release-managers, 1 needed, until 10:30 UTC).',126,'{"change":"JNY3","commit":"e6c7a45216a7b33cf2f3d08e0606e89a2d2d34dc","expires_at":"2026-02-02 10:30:05.579637+00:00","kind":"approval","needed":1,"plan":"web on production would get v1.1.0 (e6c7a45216a7)"}','40888d8c7fcfa7980fdc64c0da702f465c6bc3c18face15ac4344171f35693e7','366a43e097e0f53c31d6753b6dd2dfd40e5ae8503a42a0f33dcc9e383e5018b3');
INSERT INTO "ledger" VALUES(16,'2026-02-02T10:00:05.581764+00:00','asked','f4aebaacdf3cf8a0','deploy','bob','bob','bob','#dev','chatops_bot','e28562c8a30c9f749214f8b8','api','uat','','v2.1.0','','',9,'{"clock":"2026-02-02T10:00:02.269817+00:00"}','366a43e097e0f53c31d6753b6dd2dfd40e5ae8503a42a0f33dcc9e383e5018b3','7dfd65f35d6028e9b0ade79a60e0b6e7f1892c641890e569b2b0848195ca75a5');
INSERT INTO "ledger" VALUES(17,'2026-02-02T10:00:05.581764+00:00','started','f4aebaacdf3cf8a0','deploy','bob','bob','bob','#dev','chatops_bot','e28562c8a30c9f749214f8b8','api','uat','v2.0.0','v2.1.0','','',743,'{"asked_version":"v2.1.0","clock":"2026-02-02T10:00:03.004064+00:00"}','7dfd65f35d6028e9b0ade79a60e0b6e7f1892c641890e569b2b0848195ca75a5','40760bb5786303e18704393ee14bc08add525ad8ce0f290619f573665959a814');
CREATE TABLE local_pages (
	pager TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	mark TEXT NOT NULL, 
	target_kind TEXT NOT NULL, 
	target TEXT NOT NULL, 
	text TEXT NOT NULL, 
	urgent INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	author TEXT NOT NULL, 
	people TEXT NOT NULL, 
	at TEXT NOT NULL, 
	changed_at TEXT NOT NULL, 
	changed_by TEXT NOT NULL, 
	CONSTRAINT local_pages_number PRIMARY KEY (pager, number), 
	CONSTRAINT local_pages_mark UNIQUE (pager, mark)
);
INSERT INTO "local_pages" VALUES('pager',1,'ops7f814ec315ccf','team','web-team','checkout takes no cards',0,'triggered','alice','["bob"]','2026-02-02T10:00:05.362756+00:00','2026-02-02T10:00:05.362756+00:00','');
CREATE TABLE locks (
	app TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	person TEXT NOT NULL, 
	room TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	since TEXT NOT NULL, 
	until TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	CONSTRAINT locks_place PRIMARY KEY (app, environment)
);
INSERT INTO "locks" VALUES('web','test','person:bob','bob','bob','#dev','load test','2026-02-02T10:00:05.051894+00:00','','c5ec8161013256dede299302');
CREATE TABLE news (
	event TEXT NOT NULL, 
	source TEXT NOT NULL, 
	trigger_name TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	made_at TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	taken_until TEXT NOT NULL, 
	sent_at TEXT NOT NULL, 
	CONSTRAINT news_once PRIMARY KEY (event)
);
CREATE TABLE pages (
	mark TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	pager TEXT NOT NULL, 
	incident TEXT NOT NULL, 
	number TEXT NOT NULL, 
	url TEXT NOT NULL, 
	team TEXT NOT NULL, 
	target_kind TEXT NOT NULL, 
	target TEXT NOT NULL, 
	target_name TEXT NOT NULL, 
	people TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	person TEXT NOT NULL, 
	room TEXT NOT NULL, 
	text TEXT NOT NULL, 
	urgent INTEGER NOT NULL, 
	emergency INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	paged_at TEXT NOT NULL, 
	watch_until TEXT NOT NULL, 
	told TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	PRIMARY KEY (mark)
);
INSERT INTO "pages" VALUES('ops7f814ec315ccf','8fe57f067ddfd6b1','pager','1','1','','web-team','log','web-team','web-team','["bob"]','person:alice','alice','alice','#dev','checkout takes no cards',0,0,'triggered','2026-02-02T10:00:05.276508+00:00','2026-02-02T10:05:05.403124+00:00','','b95fb368230d1aba1fee4de6');
CREATE TABLE repeats (
	"key" TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	state TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	began_at TEXT NOT NULL, 
	ended_at TEXT NOT NULL, 
	CONSTRAINT repeats_once PRIMARY KEY ("key")
);
INSERT INTO "repeats" VALUES('af73ef8cfb9f71d748df60fee89785f638bd7bcf8c85a7c59b47305db38f1f5f','opsc822accefeb0f','done','0eb3a0ef77816809','{"tracker": "board", "url": "", "notes": [], "card": "SHOP-1", "project": "", "summary": "checkout is slow"}','2026-02-02T10:00:05.174753+00:00','2026-02-02T10:00:05.195272+00:00');
INSERT INTO "repeats" VALUES('a1c51cefec4ee05c450419656abf43bec3d9a87412fd658c54f3d4f0f9a46de7','ops7f814ec315ccf','done','8fe57f067ddfd6b1','{"pager": "pager", "incident": "1", "number": "1", "url": "", "team": "web-team", "target": "web-team", "target_kind": "log", "people": ["bob"], "on_call": true, "until": "", "delivery": "accepted", "notes": [], "tried": [], "mark": "ops7f814ec315ccf"}','2026-02-02T10:00:05.254394+00:00','2026-02-02T10:00:05.403024+00:00');
CREATE TABLE seen (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT seen_once PRIMARY KEY (kind, id)
);
CREATE TABLE silences (
	what TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	since TEXT NOT NULL, 
	until TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	CONSTRAINT silences_one PRIMARY KEY (what)
);
CREATE TABLE tellings (
	"key" TEXT NOT NULL, 
	state TEXT NOT NULL, 
	room TEXT NOT NULL, 
	text TEXT NOT NULL, 
	made_at TEXT NOT NULL, 
	ended_at TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	CONSTRAINT tellings_once PRIMARY KEY ("key")
);
CREATE TABLE used_codes (
	person TEXT NOT NULL, 
	counter INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT used_codes_once PRIMARY KEY (person, counter)
);
CREATE TABLE watched (
	source TEXT NOT NULL, 
	state TEXT NOT NULL, 
	changed_at TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT watched_source PRIMARY KEY (source)
);
CREATE TABLE wrong_codes (
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX ledger_finished ON ledger (seq) WHERE event IN ('succeeded', 'failed', 'interrupted');
CREATE INDEX ledger_finished_app ON ledger (app, seq) WHERE event IN ('succeeded', 'failed', 'interrupted');
CREATE INDEX ledger_finished_environment ON ledger (environment, seq) WHERE event IN ('succeeded', 'failed', 'interrupted');
CREATE INDEX ledger_finished_place ON ledger (app, environment, seq) WHERE event IN ('succeeded', 'failed', 'interrupted');
CREATE INDEX ledger_deployment ON ledger (deployment, seq);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
    WHEN NEW.seq IS NOT coalesce((SELECT max(seq) FROM ledger), 0) + 1
      OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a record must follow the last one'); END;
CREATE INDEX changes_state ON changes (state, asked_at);
CREATE INDEX wrong_codes_person ON wrong_codes (person, at);
CREATE INDEX repeats_ended ON repeats (ended_at);
CREATE INDEX cards_changed ON cards (tracker, changed_at);
CREATE INDEX card_comments_card ON card_comments (tracker, project, number, at);
CREATE INDEX pages_paged ON pages (paged_at);
CREATE INDEX pages_state ON pages (state, paged_at);
CREATE INDEX news_waiting ON news (sent_at, made_at, place);
CREATE INDEX tellings_state ON tellings (state, made_at);
CREATE INDEX incidents_state ON incidents (state, since);
COMMIT;

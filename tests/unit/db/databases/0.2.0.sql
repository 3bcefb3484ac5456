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
INSERT INTO "cards" VALUES('cards','CARD',1,'opsaa570c5a3d9b6','Look at the login page','','To do','','alice','2026-11-30T21:08:03.236205+00:00','2026-11-30T21:08:03.236205+00:00');
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
INSERT INTO "changes" VALUES('YN9X','864d65b9f1d449c1','approval','open','promote','web','production','v1.0.0','v1.0.0','2a63800eb01b6179f7cc3d7a35b76fbf76668588','','person:alice','alice','alice','alice','#ops','chatops_bot','e315e45853de1c927769c448','web on production would get v1.0.0 (2a63800eb01b)','',1,'2026-11-30T21:07:58.267269+00:00','2026-11-30T21:37:58.267269+00:00','{"cards": [], "did": "promoted web {version} from uat to production", "doing": "promoting web {version} from uat to production", "looked": true, "redeploy": false}');
INSERT INTO "changes" VALUES('MTNG','b0c6d9c6c82aa7fd','emergency','review','emergency deploy','web','production','v1.1.0','v1.1.0','','','person:carol','carol','carol','carol','#ops','chatops_bot','fbff0442ddb31377388db477','','the site is down',0,'2026-11-30T21:07:59.820563+00:00','','{"cards": [], "did": "deployed web {version} to production in an emergency", "doing": "deploying web {version} to production in an emergency", "looked": false, "redeploy": true}');
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
INSERT INTO "ledger" VALUES(1,'2026-11-30T21:07:54.355566+00:00','asked','99268581f66c6583','deploy','alice','alice','alice','#ops','chatops_bot','53d7d93bfc4bfa433b457b3d','web','test','','v1.0.0','','',2468,'{}','0000000000000000000000000000000000000000000000000000000000000000','69e9a6f39ab4e9b56dbe252578d09875656a4fa87c33879a25f6ee0839ab737c');
INSERT INTO "ledger" VALUES(2,'2026-11-30T21:07:55.045808+00:00','started','99268581f66c6583','deploy','alice','alice','alice','#ops','chatops_bot','53d7d93bfc4bfa433b457b3d','web','test','','v1.0.0','','',3159,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','69e9a6f39ab4e9b56dbe252578d09875656a4fa87c33879a25f6ee0839ab737c','468454f58575865336d4dcb94004dbc18e6ed4e2b81c77bb415e64922093fc58');
INSERT INTO "ledger" VALUES(3,'2026-11-30T21:07:55.367284+00:00','succeeded','99268581f66c6583','deploy','alice','alice','alice','#ops','chatops_bot','53d7d93bfc4bfa433b457b3d','web','test','','v1.0.0','deployed','alice deployed web v1.0.0 to test, verified, in 3 s, at 21:07 UTC.',3451,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','468454f58575865336d4dcb94004dbc18e6ed4e2b81c77bb415e64922093fc58','510361f01d6531fb66a496a93eb888483162d28e3d9bdf9c39c8ecb1c85129dd');
INSERT INTO "ledger" VALUES(4,'2026-11-30T21:07:55.659146+00:00','asked','d4f1aa74ee7aa007','deploy','alice','alice','alice','#ops','chatops_bot','d50721e137b5d2495fba92a9','web','uat','','v1.0.0','','',46,'{}','510361f01d6531fb66a496a93eb888483162d28e3d9bdf9c39c8ecb1c85129dd','b2396e7d2dd20d65844a3f8d92114cfd29264c242ec077ef43831a1b2ef86117');
INSERT INTO "ledger" VALUES(5,'2026-11-30T21:07:56.268442+00:00','started','d4f1aa74ee7aa007','deploy','alice','alice','alice','#ops','chatops_bot','d50721e137b5d2495fba92a9','web','uat','','v1.0.0','','',661,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','b2396e7d2dd20d65844a3f8d92114cfd29264c242ec077ef43831a1b2ef86117','788053ed673e1699b025c679a3925c95437b6b6d9a7d6513dbff19ef4d76b946');
INSERT INTO "ledger" VALUES(6,'2026-11-30T21:07:56.424125+00:00','succeeded','d4f1aa74ee7aa007','deploy','alice','alice','alice','#ops','chatops_bot','d50721e137b5d2495fba92a9','web','uat','','v1.0.0','deployed','alice deployed web v1.0.0 to uat, verified, in 0.8 s, at 21:07 UTC.',832,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','788053ed673e1699b025c679a3925c95437b6b6d9a7d6513dbff19ef4d76b946','857997a54cff522f018bcc5ee3463635615fcf06509fab69010b8f58ef8b3be0');
INSERT INTO "ledger" VALUES(7,'2026-11-30T21:07:56.665771+00:00','asked','b8e920e2b1ab1e65','deploy','alice','alice','alice','#ops','chatops_bot','113e820acf77fb3154ab61f6','web','test','','v9','','',21,'{}','857997a54cff522f018bcc5ee3463635615fcf06509fab69010b8f58ef8b3be0','6adeb99bd0a9cc9d33bf09c0a62dd2d6a311f9ccf89e6f35539259a21a9e622f');
INSERT INTO "ledger" VALUES(8,'2026-11-30T21:07:57.095334+00:00','refused','b8e920e2b1ab1e65','deploy','alice','alice','alice','#ops','chatops_bot','113e820acf77fb3154ab61f6','web','test','','v9','unknown_version','There is no tag, branch or commit ''v9'' of web. The newest are v1.0.0, v1.1.0 and v1.2.0.',449,'{}','6adeb99bd0a9cc9d33bf09c0a62dd2d6a311f9ccf89e6f35539259a21a9e622f','4cb876a057bd3328bb176d9e22d101308ede4dcc15af661411a03f00ae7e7ac7');
INSERT INTO "ledger" VALUES(9,'2026-11-30T21:07:57.429880+00:00','asked','864d65b9f1d449c1','promote','alice','alice','alice','#ops','chatops_bot','e315e45853de1c927769c448','web','production','','','','',52,'{}','4cb876a057bd3328bb176d9e22d101308ede4dcc15af661411a03f00ae7e7ac7','3ee58dc4d0ebd2efd81234a943f007e0975c970fb5b133c74f7b88c82eb23484');
INSERT INTO "ledger" VALUES(10,'2026-11-30T21:07:58.303057+00:00','waiting','864d65b9f1d449c1','promote','alice','alice','alice','#ops','chatops_bot','e315e45853de1c927769c448','web','production','','v1.0.0','waiting','Change YN9X: web on production would get v1.0.0 (2a63800eb01b), asked by alice. To approve: approve change YN9X (managers, 1 needed, until 21:37 UTC).',926,'{"change":"YN9X","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","expires_at":"2026-11-30 21:37:58.267269+00:00","kind":"approval","needed":1,"plan":"web on production would get v1.0.0 (2a63800eb01b)"}','3ee58dc4d0ebd2efd81234a943f007e0975c970fb5b133c74f7b88c82eb23484','133277b4039c265679153db1f8f40f2250cc70f0da690dc08cdd2b711a2542ab');
INSERT INTO "ledger" VALUES(11,'2026-11-30T21:07:58.771991+00:00','locked','b5c822fe24d1a220','lock','bob','bob','bob','#ops','chatops_bot','c4f7618de55a690a0675bcc8','','test','','','locked_now','test is locked by bob since 21:07 UTC until 23:00 UTC: schema change. Only bob can deploy there now. To end it: unlock test',127,'{"app":"","deploying":[],"environment":"test","owner":"bob","reason":"schema change","renewed":false,"room":"#ops","since":"2026-11-30T21:07:58Z","until":"2026-11-30T23:00:00Z"}','133277b4039c265679153db1f8f40f2250cc70f0da690dc08cdd2b711a2542ab','bb555f32812f45857817d775b4db9b67244a5b7a9927ac88e60159bc648fdf2f');
INSERT INTO "ledger" VALUES(12,'2026-11-30T21:07:59.289974+00:00','asked','b0c6d9c6c82aa7fd','emergency deploy','carol','carol','carol','#ops','chatops_bot','fbff0442ddb31377388db477','web','production','','v1.1.0','','',80,'{}','bb555f32812f45857817d775b4db9b67244a5b7a9927ac88e60159bc648fdf2f','de1967be4234acfd9becbe4cdb58f19782083d657a9ab5cb2ccc5ff206260954');
INSERT INTO "ledger" VALUES(13,'2026-11-30T21:07:59.852735+00:00','overridden','b0c6d9c6c82aa7fd','emergency deploy','carol','carol','carol','#ops','chatops_bot','fbff0442ddb31377388db477','web','production','','v1.1.0','','web v1.1.0 on production in an emergency (the site is down); passed: out_of_order, approval',643,'{"change":"MTNG","passed":["out_of_order","approval"],"reason":"the site is down"}','de1967be4234acfd9becbe4cdb58f19782083d657a9ab5cb2ccc5ff206260954','5ae5e82dd65e7ca05cfa058063eb0146a7b082401826c7c32bd96a2d98065df9');
INSERT INTO "ledger" VALUES(14,'2026-11-30T21:07:59.921116+00:00','started','b0c6d9c6c82aa7fd','emergency deploy','carol','carol','carol','#ops','chatops_bot','fbff0442ddb31377388db477','web','production','','v1.1.0','','',711,'{"asked_version":"v1.1.0","change":"MTNG","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108"}','5ae5e82dd65e7ca05cfa058063eb0146a7b082401826c7c32bd96a2d98065df9','15ffb04acc1cf20c85635b6130c2b0b76dad8085d832e0ed28a66fc4f0c34696');
INSERT INTO "ledger" VALUES(15,'2026-11-30T21:08:00.101441+00:00','succeeded','b0c6d9c6c82aa7fd','emergency deploy','carol','carol','carol','#ops','chatops_bot','fbff0442ddb31377388db477','web','production','','v1.1.0','deployed','carol deployed web v1.1.0 to production in an emergency, verified, in 0.9 s, at 21:08 UTC. Reason: the site is down. Somebody else reviews it with: review change MTNG: what they found',890,'{"change":"MTNG","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108","verified":true}','15ffb04acc1cf20c85635b6130c2b0b76dad8085d832e0ed28a66fc4f0c34696','bc47be99b967efa9924798b544417daedb151177332f18d5f82f31ddcd70a665');
INSERT INTO "ledger" VALUES(16,'2026-11-30T21:08:00.434838+00:00','asked','054c3368b75bd171','deploy','alice','alice','alice','#ops','chatops_bot','1bf74898c616c693f440e943','web','uat','','v1.2.0','','',55,'{}','bc47be99b967efa9924798b544417daedb151177332f18d5f82f31ddcd70a665','420d22400ebb4ff7e71f82492e91010da155feefe4ff83700785f58c098919bf');
INSERT INTO "ledger" VALUES(17,'2026-11-30T21:08:01.010831+00:00','started','054c3368b75bd171','deploy','alice','alice','alice','#ops','chatops_bot','1bf74898c616c693f440e943','web','uat','v1.0.0','v1.2.0','','',611,'{"asked_version":"v1.2.0","commit":"a73b73af1584489d169fe38720846663c7dfe4f2"}','420d22400ebb4ff7e71f82492e91010da155feefe4ff83700785f58c098919bf','cf9776e8d79d3d2befb04e1fea34611d7fdc7b1a0f1626d3707281e4c477d192');
INSERT INTO "ledger" VALUES(18,'2026-11-30T21:08:01.185105+00:00','succeeded','054c3368b75bd171','deploy','alice','alice','alice','#ops','chatops_bot','1bf74898c616c693f440e943','web','uat','v1.0.0','v1.2.0','deployed','alice deployed web v1.2.0 to uat (before: v1.0.0), verified, in 0.8 s, at 21:08 UTC.',784,'{"commit":"a73b73af1584489d169fe38720846663c7dfe4f2","verified":true}','cf9776e8d79d3d2befb04e1fea34611d7fdc7b1a0f1626d3707281e4c477d192','63c8dbab11b594d1c0b02151401da7e32752be9a951d1e8952d9f4c8d2647588');
INSERT INTO "ledger" VALUES(19,'2026-11-30T21:08:01.503536+00:00','asked','18ad2dbd1a1c5020','rollback','alice','alice','alice','#ops','chatops_bot','90dd4e6dd986325299f7dc7a','web','uat','','','','',48,'{}','63c8dbab11b594d1c0b02151401da7e32752be9a951d1e8952d9f4c8d2647588','da6924880dc78f96b3e8655ecd1bd25e72813aef228752fe4a8760db5f35c31b');
INSERT INTO "ledger" VALUES(20,'2026-11-30T21:08:02.091871+00:00','started','18ad2dbd1a1c5020','rollback','alice','alice','alice','#ops','chatops_bot','90dd4e6dd986325299f7dc7a','web','uat','v1.2.0','v1.0.0','','',610,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','da6924880dc78f96b3e8655ecd1bd25e72813aef228752fe4a8760db5f35c31b','e8b7b3765ddeb2a87eca5b301307cf7e92a5e429e838f29e553a06b3f8cb1796');
INSERT INTO "ledger" VALUES(21,'2026-11-30T21:08:02.234523+00:00','succeeded','18ad2dbd1a1c5020','rollback','alice','alice','alice','#ops','chatops_bot','90dd4e6dd986325299f7dc7a','web','uat','v1.2.0','v1.0.0','deployed','alice rolled back web to v1.0.0 on uat (before: v1.2.0), verified, in 0.7 s, at 21:08 UTC. It is locked there now; to let others deploy: unlock web on uat',723,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','e8b7b3765ddeb2a87eca5b301307cf7e92a5e429e838f29e553a06b3f8cb1796','4d8aa734651ad1484eadb6f0948878a411c404d5ef5eaf7877295f5818af1c9f');
INSERT INTO "ledger" VALUES(22,'2026-11-30T21:08:02.298969+00:00','locked','18ad2dbd1a1c5020','rollback','alice','alice','alice','#ops','chatops_bot','90dd4e6dd986325299f7dc7a','web','uat','','','locked_now','rolled back from v1.2.0 to v1.0.0',NULL,'{"app":"web","environment":"uat","owner":"alice","reason":"rolled back from v1.2.0 to v1.0.0","room":"#ops","since":"2026-11-30T21:08:02Z","until":""}','4d8aa734651ad1484eadb6f0948878a411c404d5ef5eaf7877295f5818af1c9f','a57014d57b9a926a74aa446331bc430b7354fe668765eb67f9e1c5e98f2ace4c');
INSERT INTO "ledger" VALUES(23,'2026-11-30T21:08:03.136688+00:00','asked','a187691c99389a1b','create card','alice','alice','alice','#ops','chatops_bot','c470452f6ad9ebe4fb9acc6d','','','','','','',154,'{"summary":"Look at the login page","tracker":"cards"}','a57014d57b9a926a74aa446331bc430b7354fe668765eb67f9e1c5e98f2ace4c','c60f472301e0e32124b254ada36fa16851dce9b36a66a1df90b63a54767f5e7c');
INSERT INTO "ledger" VALUES(24,'2026-11-30T21:08:03.321732+00:00','card_created','a187691c99389a1b','create card','alice','alice','alice','#ops','chatops_bot','c470452f6ad9ebe4fb9acc6d','','','','','card_created','alice created CARD-1 in cards: Look at the login page',338,'{"card":"CARD-1","mark":"opsaa570c5a3d9b6","notes":[],"project":"","summary":"Look at the login page","tracker":"cards","url":""}','c60f472301e0e32124b254ada36fa16851dce9b36a66a1df90b63a54767f5e7c','8e7d45a6e58c6e0bce6891245f5df0226f1d16a20a8740cecad70c7ebf96593a');
INSERT INTO "ledger" VALUES(25,'2026-11-30T21:08:03.601720+00:00','refused','6e2162978cde0be5','comment on card','alice','alice','alice','#ops','chatops_bot','1f562a883c8cd95f13d70616','','','','','unknown_card','''OPS-1'' is no card of cards. Say it as the tracker shows it, or with the tracker''s name: cards:CARD',0,'{}','8e7d45a6e58c6e0bce6891245f5df0226f1d16a20a8740cecad70c7ebf96593a','027c2e7ab1530c879b5eaf53408ce88335c9a4504402e37db91995af98ce6619');
INSERT INTO "ledger" VALUES(26,'2026-11-30T21:08:04.059153+00:00','asked','f1b2b075e75430d5','page','alice','alice','alice','#ops','chatops_bot','893318c6294e1ca4a00f95fd','','','','','','',70,'{"team":"ops","text":"disk is full on db1","who":"ops"}','027c2e7ab1530c879b5eaf53408ce88335c9a4504402e37db91995af98ce6619','8c9613d7bd3b159f99e04073f768470982163e8cc48a9d6e6609c8dfba2169c9');
INSERT INTO "ledger" VALUES(27,'2026-11-30T21:08:04.426172+00:00','failed','f1b2b075e75430d5','page','alice','alice','alice','#ops','chatops_bot','893318c6294e1ca4a00f95fd','','','','','nobody_notified','The page to ops reached nobody. desk took it and reaches nobody. desk names nobody who is on call for desk; it is only written down. Phone somebody of ops; an administrator can write down whom under teams.ops.phone.',416,'{"mark":"ops3ab4b9f321621","sent":false,"team":"ops","text":"disk is full on db1","who":"ops"}','8c9613d7bd3b159f99e04073f768470982163e8cc48a9d6e6609c8dfba2169c9','3c93ee2b4329946b03a23532f8bf3389fb4fc814435f4c1e0e9523378e0aa298');
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
INSERT INTO "local_pages" VALUES('desk',1,'ops3ab4b9f321621','log','desk','disk is full on db1',0,'triggered','alice','[]','2026-11-30T21:08:04.346467+00:00','2026-11-30T21:08:04.346467+00:00','');
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
INSERT INTO "locks" VALUES('','test','person:bob','bob','bob','#ops','schema change','2026-11-30T21:07:58.692606+00:00','2026-11-30T23:00:00.000000+00:00','c4f7618de55a690a0675bcc8');
INSERT INTO "locks" VALUES('web','uat','person:alice','alice','alice','#ops','rolled back from v1.2.0 to v1.0.0','2026-11-30T21:08:02.270177+00:00','','90dd4e6dd986325299f7dc7a');
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
INSERT INTO "repeats" VALUES('bbd8858ec947fac92d83aaa06d4c124f4126af7766c4bbcdf967d9aeb16d6a1e','opsaa570c5a3d9b6','done','a187691c99389a1b','{"tracker": "cards", "url": "", "notes": [], "card": "CARD-1", "project": "", "summary": "Look at the login page"}','2026-11-30T21:08:03.105172+00:00','2026-11-30T21:08:03.374025+00:00');
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

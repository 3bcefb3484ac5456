BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE approvals (
	change TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	at TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	second_factor INTEGER NOT NULL, 
	CONSTRAINT approvals_once PRIMARY KEY (change, owner)
);
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
INSERT INTO "changes" VALUES('WDWG','3e975a2d0682307c','approval','open','promote','web','production','v1.0.0','v1.0.0','2a63800eb01b6179f7cc3d7a35b76fbf76668588','','person:alice','alice','alice','alice','#ops','chatops_bot','3bab82523ba4d955d8564e3d','web on production would get v1.0.0','',1,'2026-11-30T21:07:38.771270+00:00','2026-11-30T21:37:38.771270+00:00','{"did": "promoted web {version} from uat to production", "doing": "promoting web {version} from uat to production", "looked": true, "redeploy": false}');
INSERT INTO "changes" VALUES('KJ9F','822a34b1c3820be8','emergency','review','emergency deploy','web','production','v1.1.0','v1.1.0','','','person:carol','carol','carol','carol','#ops','chatops_bot','7e6bf6975bff4a1f6ee79ef3','','the site is down',0,'2026-11-30T21:07:39.689985+00:00','','{"did": "deployed web {version} to production in an emergency", "doing": "deploying web {version} to production in an emergency", "looked": false, "redeploy": true}');
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
INSERT INTO "ledger" VALUES(1,'2026-11-30T21:07:36.264685+00:00','asked','cd826e5e0ce4ad18','deploy','alice','alice','alice','#ops','chatops_bot','5465ee569068277cb76cf10b','web','test','','v1.0.0','','',1353,'{}','0000000000000000000000000000000000000000000000000000000000000000','3a8632d18e4958ef0b9c3ca00e75ee3a81c3ed29fb4ebc87b4911f7ebc3bfe01');
INSERT INTO "ledger" VALUES(2,'2026-11-30T21:07:36.779480+00:00','started','cd826e5e0ce4ad18','deploy','alice','alice','alice','#ops','chatops_bot','5465ee569068277cb76cf10b','web','test','','v1.0.0','','',1870,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','3a8632d18e4958ef0b9c3ca00e75ee3a81c3ed29fb4ebc87b4911f7ebc3bfe01','754f69dc3e27613665cfdd5a037e43032879d79270acef877d8c85a5ac561e9d');
INSERT INTO "ledger" VALUES(3,'2026-11-30T21:07:37.093990+00:00','succeeded','cd826e5e0ce4ad18','deploy','alice','alice','alice','#ops','chatops_bot','5465ee569068277cb76cf10b','web','test','','v1.0.0','deployed','alice deployed web v1.0.0 to test, verified, in 2 s, at 21:07 UTC.',2191,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','754f69dc3e27613665cfdd5a037e43032879d79270acef877d8c85a5ac561e9d','bd7da4b1980242bd5324fcda0717f05852f0dadc67a339c39530d766535a24f9');
INSERT INTO "ledger" VALUES(4,'2026-11-30T21:07:37.254920+00:00','asked','9d52a959ec6e939a','deploy','alice','alice','alice','#ops','chatops_bot','08951bb1d14b772b9e91d966','web','uat','','v1.0.0','','',3,'{}','bd7da4b1980242bd5324fcda0717f05852f0dadc67a339c39530d766535a24f9','3438d7ff3c1a3fbadeaded419e9204faafb401ad689468d98e016a0fe5c3a6f4');
INSERT INTO "ledger" VALUES(5,'2026-11-30T21:07:37.644321+00:00','started','9d52a959ec6e939a','deploy','alice','alice','alice','#ops','chatops_bot','08951bb1d14b772b9e91d966','web','uat','','v1.0.0','','',400,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','3438d7ff3c1a3fbadeaded419e9204faafb401ad689468d98e016a0fe5c3a6f4','569936318af97eb25b8df77d9484506f5b4471f41981688b4b73972fc51ba377');
INSERT INTO "ledger" VALUES(6,'2026-11-30T21:07:37.736244+00:00','succeeded','9d52a959ec6e939a','deploy','alice','alice','alice','#ops','chatops_bot','08951bb1d14b772b9e91d966','web','uat','','v1.0.0','deployed','alice deployed web v1.0.0 to uat, verified, in 0.5 s, at 21:07 UTC.',486,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','569936318af97eb25b8df77d9484506f5b4471f41981688b4b73972fc51ba377','0fabe3205934ac535b43f7eaf1232693ac777b9ccfe4ab17e6a2a1fff9725ef2');
INSERT INTO "ledger" VALUES(7,'2026-11-30T21:07:37.916230+00:00','asked','c5dea66ea9118095','deploy','alice','alice','alice','#ops','chatops_bot','1d22000acb5245783f0663b1','web','test','','v9','','',21,'{}','0fabe3205934ac535b43f7eaf1232693ac777b9ccfe4ab17e6a2a1fff9725ef2','1846ac43ccc7f6e2eab149496185b5dd09aa1b7e61d110ec2188491a9e39269c');
INSERT INTO "ledger" VALUES(8,'2026-11-30T21:07:38.153782+00:00','refused','c5dea66ea9118095','deploy','alice','alice','alice','#ops','chatops_bot','1d22000acb5245783f0663b1','web','test','','v9','unknown_version','There is no tag, branch or commit ''v9'' of web. The newest are v1.0.0, v1.1.0 and v1.2.0.',264,'{}','1846ac43ccc7f6e2eab149496185b5dd09aa1b7e61d110ec2188491a9e39269c','d963f3f42e7122b780f0a1f92352e392c8bd3ba40990253cae245447e310418b');
INSERT INTO "ledger" VALUES(9,'2026-11-30T21:07:38.321295+00:00','asked','3e975a2d0682307c','promote','alice','alice','alice','#ops','chatops_bot','3bab82523ba4d955d8564e3d','web','production','','','','',24,'{}','d963f3f42e7122b780f0a1f92352e392c8bd3ba40990253cae245447e310418b','89e79ef7bc57450deac1ac8697131be35495570904ca7fdfc76e9fa90a978a98');
INSERT INTO "ledger" VALUES(10,'2026-11-30T21:07:38.797614+00:00','waiting','3e975a2d0682307c','promote','alice','alice','alice','#ops','chatops_bot','3bab82523ba4d955d8564e3d','web','production','','v1.0.0','waiting','Change WDWG: web on production would get v1.0.0, asked by alice. To approve: approve change WDWG (managers, 1 needed, until 21:37 UTC).',509,'{"change":"WDWG","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","expires_at":"2026-11-30 21:37:38.771270+00:00","kind":"approval","needed":1,"plan":"web on production would get v1.0.0"}','89e79ef7bc57450deac1ac8697131be35495570904ca7fdfc76e9fa90a978a98','4bd9d69b640fddb468363b95af3186a85e868bcee6b5d985403fcdddea369889');
INSERT INTO "ledger" VALUES(11,'2026-11-30T21:07:39.084952+00:00','locked','afc3c40c932e7762','lock','bob','bob','bob','#ops','chatops_bot','d01ef6534d7f1fe8ccdb1173','','test','','','locked_now','test is locked by bob since 21:07 UTC until 23:00 UTC: schema change. Only bob can deploy there now. To end it: unlock test',81,'{"app":"","deploying":[],"environment":"test","owner":"bob","reason":"schema change","renewed":false,"room":"#ops","since":"2026-11-30T21:07:39Z","until":"2026-11-30T23:00:00Z"}','4bd9d69b640fddb468363b95af3186a85e868bcee6b5d985403fcdddea369889','ef419d2eb8b7bb12a55f8db9eb640b271029854ec6437369bfad352cb30785a7');
INSERT INTO "ledger" VALUES(12,'2026-11-30T21:07:39.414519+00:00','asked','822a34b1c3820be8','emergency deploy','carol','carol','carol','#ops','chatops_bot','7e6bf6975bff4a1f6ee79ef3','web','production','','v1.1.0','','',40,'{}','ef419d2eb8b7bb12a55f8db9eb640b271029854ec6437369bfad352cb30785a7','2dc7766379c5a5f9b3f4e9d36fc6c9d307319e7ec6118e86017c035d35409bd3');
INSERT INTO "ledger" VALUES(13,'2026-11-30T21:07:39.712798+00:00','overridden','822a34b1c3820be8','emergency deploy','carol','carol','carol','#ops','chatops_bot','7e6bf6975bff4a1f6ee79ef3','web','production','','v1.1.0','','web v1.1.0 on production in an emergency (the site is down); passed: out_of_order, approval',339,'{"change":"KJ9F","passed":["out_of_order","approval"],"reason":"the site is down"}','2dc7766379c5a5f9b3f4e9d36fc6c9d307319e7ec6118e86017c035d35409bd3','b5998947c35a66172be115d927c220f3b45b8abff48647a369b41bbf146e2741');
INSERT INTO "ledger" VALUES(14,'2026-11-30T21:07:39.756439+00:00','started','822a34b1c3820be8','emergency deploy','carol','carol','carol','#ops','chatops_bot','7e6bf6975bff4a1f6ee79ef3','web','production','','v1.1.0','','',382,'{"asked_version":"v1.1.0","change":"KJ9F","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108"}','b5998947c35a66172be115d927c220f3b45b8abff48647a369b41bbf146e2741','9358fdb529dbc32de0a82af9fb59ff7371381470087fa427e04f11a06b36233c');
INSERT INTO "ledger" VALUES(15,'2026-11-30T21:07:39.897437+00:00','succeeded','822a34b1c3820be8','emergency deploy','carol','carol','carol','#ops','chatops_bot','7e6bf6975bff4a1f6ee79ef3','web','production','','v1.1.0','deployed','carol deployed web v1.1.0 to production in an emergency, verified, in 0.5 s, at 21:07 UTC. Somebody else reviews it with: review change KJ9F: what they found',503,'{"change":"KJ9F","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108","verified":true}','9358fdb529dbc32de0a82af9fb59ff7371381470087fa427e04f11a06b36233c','977d58603f45e71d090774c732d2e68b7a21f364fa566dcc296e8a3039d23780');
INSERT INTO "ledger" VALUES(16,'2026-11-30T21:07:40.031931+00:00','asked','839707b7350206bf','deploy','alice','alice','alice','#ops','chatops_bot','aaeb3ea3cd443e03e8c9a281','web','uat','','v1.2.0','','',17,'{}','977d58603f45e71d090774c732d2e68b7a21f364fa566dcc296e8a3039d23780','abbe63933dd30a865cc2944520f50026eb113d637c41c0f7ddac06a970b863f6');
INSERT INTO "ledger" VALUES(17,'2026-11-30T21:07:40.273217+00:00','started','839707b7350206bf','deploy','alice','alice','alice','#ops','chatops_bot','aaeb3ea3cd443e03e8c9a281','web','uat','v1.0.0','v1.2.0','','',249,'{"asked_version":"v1.2.0","commit":"a73b73af1584489d169fe38720846663c7dfe4f2"}','abbe63933dd30a865cc2944520f50026eb113d637c41c0f7ddac06a970b863f6','34b17b8baf0cbf4a3e937f6475b8b494a4bd0f9cab56932977952e12235bcf7f');
INSERT INTO "ledger" VALUES(18,'2026-11-30T21:07:40.433280+00:00','succeeded','839707b7350206bf','deploy','alice','alice','alice','#ops','chatops_bot','aaeb3ea3cd443e03e8c9a281','web','uat','v1.0.0','v1.2.0','deployed','alice deployed web v1.2.0 to uat (before: v1.0.0), verified, in 0.4 s, at 21:07 UTC.',396,'{"commit":"a73b73af1584489d169fe38720846663c7dfe4f2","verified":true}','34b17b8baf0cbf4a3e937f6475b8b494a4bd0f9cab56932977952e12235bcf7f','00d53c3a66576efa1c29dd7b86734b2fda5a2f283377cac0e3cd1d93d6c04e1b');
INSERT INTO "ledger" VALUES(19,'2026-11-30T21:07:40.596876+00:00','asked','09829aff978f257b','rollback','alice','alice','alice','#ops','chatops_bot','91b3fa2cac254c03111e1c4e','web','uat','','','','',15,'{}','00d53c3a66576efa1c29dd7b86734b2fda5a2f283377cac0e3cd1d93d6c04e1b','a339e9554f3d19c28ad362c5d581a0803b444c32f3beb119a41be635a41d1a8f');
INSERT INTO "ledger" VALUES(20,'2026-11-30T21:07:40.933414+00:00','started','09829aff978f257b','rollback','alice','alice','alice','#ops','chatops_bot','91b3fa2cac254c03111e1c4e','web','uat','v1.2.0','v1.0.0','','',333,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','a339e9554f3d19c28ad362c5d581a0803b444c32f3beb119a41be635a41d1a8f','1de58b629e2e4d1f70b68e2d851a9a8d29b83982330089baf8d913cb1f8f29a5');
INSERT INTO "ledger" VALUES(21,'2026-11-30T21:07:41.037157+00:00','succeeded','09829aff978f257b','rollback','alice','alice','alice','#ops','chatops_bot','91b3fa2cac254c03111e1c4e','web','uat','v1.2.0','v1.0.0','deployed','alice rolled back web to v1.0.0 on uat (before: v1.2.0), verified, in 0.4 s, at 21:07 UTC. It is locked there now; to let others deploy: unlock web on uat',443,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','1de58b629e2e4d1f70b68e2d851a9a8d29b83982330089baf8d913cb1f8f29a5','f84af739cdeab6bfa4d2b378d2446e7d66a08a63c4a151cdc57ac8145e7838e3');
INSERT INTO "ledger" VALUES(22,'2026-11-30T21:07:41.071808+00:00','locked','09829aff978f257b','rollback','alice','alice','alice','#ops','chatops_bot','91b3fa2cac254c03111e1c4e','web','uat','','','locked_now','rolled back from v1.2.0 to v1.0.0',NULL,'{"app":"web","environment":"uat","owner":"alice","reason":"rolled back from v1.2.0 to v1.0.0","room":"#ops","since":"2026-11-30T21:07:41Z","until":""}','f84af739cdeab6bfa4d2b378d2446e7d66a08a63c4a151cdc57ac8145e7838e3','035fd8ee809c57756a072ff16877b7dcd2622ff1f66699d1d376f86e244b51a2');
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
INSERT INTO "locks" VALUES('','test','person:bob','bob','bob','#ops','schema change','2026-11-30T21:07:39.042377+00:00','2026-11-30T23:00:00.000000+00:00','d01ef6534d7f1fe8ccdb1173');
INSERT INTO "locks" VALUES('web','uat','person:alice','alice','alice','#ops','rolled back from v1.2.0 to v1.0.0','2026-11-30T21:07:41.070765+00:00','','91b3fa2cac254c03111e1c4e');
CREATE TABLE used_codes (
	person TEXT NOT NULL, 
	counter INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT used_codes_once PRIMARY KEY (person, counter)
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
COMMIT;

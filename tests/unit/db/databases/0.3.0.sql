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
INSERT INTO "cards" VALUES('cards','CARD',1,'ops5b806ca361e52','Look at the login page','','To do','','alice','2026-11-30T21:08:27.890409+00:00','2026-11-30T21:08:27.890409+00:00');
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
INSERT INTO "changes" VALUES('RNPN','e5a4c1526f3bd0f0','approval','open','promote','web','production','v1.0.0','v1.0.0','2a63800eb01b6179f7cc3d7a35b76fbf76668588','','person:alice','alice','alice','alice','#ops','chatops_bot','f203c088ef53094f398e42c3','web on production would get v1.0.0 (2a63800eb01b)','',1,'2026-11-30T21:08:24.201183+00:00','2026-11-30T21:38:24.201183+00:00','{"cards": [], "commit_before": "", "did": "promoted web {version} from uat to production", "doing": "promoting web {version} from uat to production", "looked": true, "redeploy": false}');
INSERT INTO "changes" VALUES('XFDF','95f6a37360f31df4','emergency','review','emergency deploy','web','production','v1.1.0','v1.1.0','','','person:carol','carol','carol','carol','#ops','chatops_bot','98f1c52a3635d763755d96a7','','the site is down',0,'2026-11-30T21:08:25.526511+00:00','','{"cards": [], "commit_before": "", "did": "deployed web {version} to production in an emergency", "doing": "deploying web {version} to production in an emergency", "looked": false, "redeploy": true}');
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
INSERT INTO "ledger" VALUES(1,'2026-11-30T21:08:20.043431+00:00','asked','eaa4bd92ab970388','deploy','alice','alice','alice','#ops','chatops_bot','36a7b0dae906b0714435cf59','web','test','','v1.0.0','','',4961,'{}','0000000000000000000000000000000000000000000000000000000000000000','27af23fc121412c7331b833a97943be89c5d1931acf28b614fee630d5a81e84b');
INSERT INTO "ledger" VALUES(2,'2026-11-30T21:08:21.017976+00:00','started','eaa4bd92ab970388','deploy','alice','alice','alice','#ops','chatops_bot','36a7b0dae906b0714435cf59','web','test','','v1.0.0','','',5936,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','27af23fc121412c7331b833a97943be89c5d1931acf28b614fee630d5a81e84b','9246b113163a9b557f7b3ff97477165c555642387697216bdd7a329435ad1535');
INSERT INTO "ledger" VALUES(3,'2026-11-30T21:08:21.292420+00:00','succeeded','eaa4bd92ab970388','deploy','alice','alice','alice','#ops','chatops_bot','36a7b0dae906b0714435cf59','web','test','','v1.0.0','deployed','alice deployed web v1.0.0 to test, verified, in 6 s, at 21:08 UTC.',6209,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','9246b113163a9b557f7b3ff97477165c555642387697216bdd7a329435ad1535','e5758144495e6218fea08eb7c212afac572d872e9cbd47c1c2175efc5d6c90a9');
INSERT INTO "ledger" VALUES(4,'2026-11-30T21:08:21.766435+00:00','asked','ae91ca0e421a1bd8','deploy','alice','alice','alice','#ops','chatops_bot','acf76e3cd505441fc7fb83c0','web','uat','','v1.0.0','','',59,'{}','e5758144495e6218fea08eb7c212afac572d872e9cbd47c1c2175efc5d6c90a9','826f043c47a434f38fb0e5f73418c1a2550928cc67b7e39e26e2c00dbec9a910');
INSERT INTO "ledger" VALUES(5,'2026-11-30T21:08:22.335898+00:00','started','ae91ca0e421a1bd8','deploy','alice','alice','alice','#ops','chatops_bot','acf76e3cd505441fc7fb83c0','web','uat','','v1.0.0','','',628,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','826f043c47a434f38fb0e5f73418c1a2550928cc67b7e39e26e2c00dbec9a910','e7ed96e0ac45aee7ced0bdcdfb7ac1572c74277ebfab4831226287655f8e73bf');
INSERT INTO "ledger" VALUES(6,'2026-11-30T21:08:22.509965+00:00','succeeded','ae91ca0e421a1bd8','deploy','alice','alice','alice','#ops','chatops_bot','acf76e3cd505441fc7fb83c0','web','uat','','v1.0.0','deployed','alice deployed web v1.0.0 to uat, verified, in 0.8 s, at 21:08 UTC.',801,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','e7ed96e0ac45aee7ced0bdcdfb7ac1572c74277ebfab4831226287655f8e73bf','b28b369443cd8ecda8226316ae035e2f9052b38511d963508700dfaceac7bfd8');
INSERT INTO "ledger" VALUES(7,'2026-11-30T21:08:22.855164+00:00','asked','54fa97ad4c39fa69','deploy','alice','alice','alice','#ops','chatops_bot','0febbc80e43aaea4a8901a76','web','test','','v9','','',34,'{}','b28b369443cd8ecda8226316ae035e2f9052b38511d963508700dfaceac7bfd8','eb0c9215f7c761023a20e3a0271a17f13ff705a0a8cdbe7361f352bd10237d96');
INSERT INTO "ledger" VALUES(8,'2026-11-30T21:08:23.255986+00:00','refused','54fa97ad4c39fa69','deploy','alice','alice','alice','#ops','chatops_bot','0febbc80e43aaea4a8901a76','web','test','','v9','unknown_version','There is no tag, branch or commit ''v9'' of web. The newest are v1.2.0, v1.1.0 and v1.0.0.',427,'{}','eb0c9215f7c761023a20e3a0271a17f13ff705a0a8cdbe7361f352bd10237d96','659fd05e2570ba1cfd2a1859afc6388157e892a04cb142b31e9762017ceec36f');
INSERT INTO "ledger" VALUES(9,'2026-11-30T21:08:23.585050+00:00','asked','e5a4c1526f3bd0f0','promote','alice','alice','alice','#ops','chatops_bot','f203c088ef53094f398e42c3','web','production','','','','',31,'{}','659fd05e2570ba1cfd2a1859afc6388157e892a04cb142b31e9762017ceec36f','832f7c81417ee10af21f53690a14e94b9aea86aff7a0c92fa884c210bc18c80d');
INSERT INTO "ledger" VALUES(10,'2026-11-30T21:08:24.201745+00:00','waiting','e5a4c1526f3bd0f0','promote','alice','alice','alice','#ops','chatops_bot','f203c088ef53094f398e42c3','web','production','','v1.0.0','waiting','Change RNPN: web on production would get v1.0.0 (2a63800eb01b), asked by alice. To approve: approve change RNPN (managers, 1 needed, until 21:38 UTC).',647,'{"change":"RNPN","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","expires_at":"2026-11-30 21:38:24.201183+00:00","kind":"approval","needed":1,"plan":"web on production would get v1.0.0 (2a63800eb01b)"}','832f7c81417ee10af21f53690a14e94b9aea86aff7a0c92fa884c210bc18c80d','eb7a88f492562437c07c253b5ac28e80b7ee42a8248c31ac74d5cf82cb86731f');
INSERT INTO "ledger" VALUES(11,'2026-11-30T21:08:24.781999+00:00','locked','68d8f91d58b6619b','lock','bob','bob','bob','#ops','chatops_bot','5a27c442cf65f872db5707f5','','test','','','locked_now','test is locked by bob since 21:08 UTC until 23:00 UTC: schema change. Only bob can deploy there now. To end it: unlock test',119,'{"app":"","deploying":[],"environment":"test","owner":"bob","reason":"schema change","renewed":false,"room":"#ops","since":"2026-11-30T21:08:24Z","until":"2026-11-30T23:00:00Z"}','eb7a88f492562437c07c253b5ac28e80b7ee42a8248c31ac74d5cf82cb86731f','72bbcfdc49aeba5b1caeef223ea8479a8a1605653b0f77355441d6775c4d5b01');
INSERT INTO "ledger" VALUES(12,'2026-11-30T21:08:25.239187+00:00','asked','95f6a37360f31df4','emergency deploy','carol','carol','carol','#ops','chatops_bot','98f1c52a3635d763755d96a7','web','production','','v1.1.0','','',22,'{}','72bbcfdc49aeba5b1caeef223ea8479a8a1605653b0f77355441d6775c4d5b01','2ba2a309ebe29f52324ad1ca666efd254ed14ae8e061937ee2ce690a8384e0e2');
INSERT INTO "ledger" VALUES(13,'2026-11-30T21:08:25.527000+00:00','overridden','95f6a37360f31df4','emergency deploy','carol','carol','carol','#ops','chatops_bot','98f1c52a3635d763755d96a7','web','production','','v1.1.0','','web v1.1.0 on production in an emergency (the site is down); passed: out_of_order, approval',310,'{"change":"XFDF","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108","passed":["out_of_order","approval"],"reason":"the site is down"}','2ba2a309ebe29f52324ad1ca666efd254ed14ae8e061937ee2ce690a8384e0e2','b0c0bbf0536e06727c07bf00b9ed95f8d1df1ee1777d1aa1cd0fd2b3517b6aed');
INSERT INTO "ledger" VALUES(14,'2026-11-30T21:08:25.572351+00:00','started','95f6a37360f31df4','emergency deploy','carol','carol','carol','#ops','chatops_bot','98f1c52a3635d763755d96a7','web','production','','v1.1.0','','',356,'{"asked_version":"v1.1.0","change":"XFDF","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108"}','b0c0bbf0536e06727c07bf00b9ed95f8d1df1ee1777d1aa1cd0fd2b3517b6aed','d606a100c67ddf8f58296a4ff51dc21bee66c22e8519555deac581de2e3f4e27');
INSERT INTO "ledger" VALUES(15,'2026-11-30T21:08:25.665965+00:00','succeeded','95f6a37360f31df4','emergency deploy','carol','carol','carol','#ops','chatops_bot','98f1c52a3635d763755d96a7','web','production','','v1.1.0','deployed','carol deployed web v1.1.0 to production in an emergency, verified, in 0.4 s, at 21:08 UTC. Reason: the site is down. Somebody else reviews it with: review change XFDF: what they found',448,'{"change":"XFDF","commit":"2d32cdd7bea61b4b9ddad073a11be7d6f7c1b108","verified":true}','d606a100c67ddf8f58296a4ff51dc21bee66c22e8519555deac581de2e3f4e27','a41bf2e1b76962063416e3691ca1ffe4634b43c6c9f0f40c53507a7845090eb4');
INSERT INTO "ledger" VALUES(16,'2026-11-30T21:08:25.907669+00:00','asked','75ca7efd23e6c2a8','deploy','alice','alice','alice','#ops','chatops_bot','3f75c80954ab141eb49ec898','web','uat','','v1.2.0','','',16,'{}','a41bf2e1b76962063416e3691ca1ffe4634b43c6c9f0f40c53507a7845090eb4','ac421fd0bfcb3c15a7709428d6a8f3c504f8e1de4e3ecd3a9eac8de9b1d020ae');
INSERT INTO "ledger" VALUES(17,'2026-11-30T21:08:26.231842+00:00','started','75ca7efd23e6c2a8','deploy','alice','alice','alice','#ops','chatops_bot','3f75c80954ab141eb49ec898','web','uat','v1.0.0','v1.2.0','','',340,'{"asked_version":"v1.2.0","commit":"a73b73af1584489d169fe38720846663c7dfe4f2","commit_before":"2a63800eb01b6179f7cc3d7a35b76fbf76668588"}','ac421fd0bfcb3c15a7709428d6a8f3c504f8e1de4e3ecd3a9eac8de9b1d020ae','af2c5699a16d99971cc094f7d4ef95bdbb691e6f39d5520398c435336fa2b589');
INSERT INTO "ledger" VALUES(18,'2026-11-30T21:08:26.359411+00:00','succeeded','75ca7efd23e6c2a8','deploy','alice','alice','alice','#ops','chatops_bot','3f75c80954ab141eb49ec898','web','uat','v1.0.0','v1.2.0','deployed','alice deployed web v1.2.0 to uat (before: v1.0.0), verified, in 0.5 s, at 21:08 UTC.',463,'{"commit":"a73b73af1584489d169fe38720846663c7dfe4f2","commit_before":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","verified":true}','af2c5699a16d99971cc094f7d4ef95bdbb691e6f39d5520398c435336fa2b589','9aafc3d9d5438d702e797b30c90ec7632ab632c625ff16d93e9cf7c8bbfbd992');
INSERT INTO "ledger" VALUES(19,'2026-11-30T21:08:26.638563+00:00','asked','af478626cb83dae6','rollback','alice','alice','alice','#ops','chatops_bot','99a719eaf155d4338cbcf841','web','uat','','','','',25,'{}','9aafc3d9d5438d702e797b30c90ec7632ab632c625ff16d93e9cf7c8bbfbd992','b1aceca29bbaa07fe3055ee178dd7f50ad9a0177bcea20ab0b8ba4847ab4cb7c');
INSERT INTO "ledger" VALUES(20,'2026-11-30T21:08:26.971471+00:00','started','af478626cb83dae6','rollback','alice','alice','alice','#ops','chatops_bot','99a719eaf155d4338cbcf841','web','uat','v1.2.0','v1.0.0','','',358,'{"asked_version":"v1.0.0","commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","commit_before":"a73b73af1584489d169fe38720846663c7dfe4f2"}','b1aceca29bbaa07fe3055ee178dd7f50ad9a0177bcea20ab0b8ba4847ab4cb7c','e834e018ff8e482172caf62472f3bd0f8fc28560b4b44b6e9350cef59fffaa45');
INSERT INTO "ledger" VALUES(21,'2026-11-30T21:08:27.069599+00:00','succeeded','af478626cb83dae6','rollback','alice','alice','alice','#ops','chatops_bot','99a719eaf155d4338cbcf841','web','uat','v1.2.0','v1.0.0','deployed','alice rolled back web to v1.0.0 on uat (before: v1.2.0), verified, in 0.4 s, at 21:08 UTC. It is locked there now; to let others deploy: unlock web on uat',440,'{"commit":"2a63800eb01b6179f7cc3d7a35b76fbf76668588","commit_before":"a73b73af1584489d169fe38720846663c7dfe4f2","verified":true}','e834e018ff8e482172caf62472f3bd0f8fc28560b4b44b6e9350cef59fffaa45','0cb03f54d498746705b21406a4144ce328f56340f9cf15b7439a2247357ef808');
INSERT INTO "ledger" VALUES(22,'2026-11-30T21:08:27.070629+00:00','locked','af478626cb83dae6','rollback','alice','alice','alice','#ops','chatops_bot','99a719eaf155d4338cbcf841','web','uat','','','locked_now','rolled back from v1.2.0 to v1.0.0',NULL,'{"app":"web","environment":"uat","owner":"alice","reason":"rolled back from v1.2.0 to v1.0.0","room":"#ops","since":"2026-11-30T21:08:27Z","until":""}','0cb03f54d498746705b21406a4144ce328f56340f9cf15b7439a2247357ef808','f13b44d2f17edaf7a1a2eaf2e5830ba4009c78f3d81a224792a0078aa13e263a');
INSERT INTO "ledger" VALUES(23,'2026-11-30T21:08:27.769855+00:00','asked','36bc50b5fcabc4d7','create card','alice','alice','alice','#ops','chatops_bot','54ebebe65c1ef406bd7bb1b0','','','','','','',73,'{"summary":"Look at the login page","tracker":"cards"}','f13b44d2f17edaf7a1a2eaf2e5830ba4009c78f3d81a224792a0078aa13e263a','76994ed9b2363e1471607397683b727c0d81e87b50ee0761066961d025054a62');
INSERT INTO "ledger" VALUES(24,'2026-11-30T21:08:27.952746+00:00','card_created','36bc50b5fcabc4d7','create card','alice','alice','alice','#ops','chatops_bot','54ebebe65c1ef406bd7bb1b0','','','','','card_created','alice created CARD-1 in cards: Look at the login page',255,'{"card":"CARD-1","mark":"ops5b806ca361e52","notes":[],"project":"","summary":"Look at the login page","tracker":"cards","url":""}','76994ed9b2363e1471607397683b727c0d81e87b50ee0761066961d025054a62','5f724b5feb87387dc05d9e9cabc45f195a05eb73b80153c18840bfaa0e1e8aac');
INSERT INTO "ledger" VALUES(25,'2026-11-30T21:08:28.315256+00:00','refused','002e9b7acb99a477','comment on card','alice','alice','alice','#ops','chatops_bot','86bc1607502873707184b4e1','','','','','unknown_card','''OPS-1'' is no card of cards. Say it as the tracker shows it, or with the tracker''s name: cards:CARD',0,'{}','5f724b5feb87387dc05d9e9cabc45f195a05eb73b80153c18840bfaa0e1e8aac','ac7f9012cb814af8ecf216ea0e046ac5b5f06d8331fd6a56e7b6870e415d3a76');
INSERT INTO "ledger" VALUES(26,'2026-11-30T21:08:28.669508+00:00','asked','0f86678eb914cb05','page','alice','alice','alice','#ops','chatops_bot','7d11793113beeebd019f803a','','','','','','',8,'{"team":"ops","text":"disk is full on db1","who":"ops"}','ac7f9012cb814af8ecf216ea0e046ac5b5f06d8331fd6a56e7b6870e415d3a76','99ad0a23b0791dd931b4dda5d421a7e829ff8ea8cbfb75f9a9bb3356f2a92407');
INSERT INTO "ledger" VALUES(27,'2026-11-30T21:08:28.959056+00:00','failed','0f86678eb914cb05','page','alice','alice','alice','#ops','chatops_bot','7d11793113beeebd019f803a','','','','','nobody_notified','The page to ops reached nobody. desk took it and reaches nobody. desk names nobody who is on call for desk; it is only written down. Phone somebody of ops; an administrator can write down whom under teams.ops.phone.',286,'{"mark":"opsa9b071fca4a18","sent":false,"team":"ops","text":"disk is full on db1","who":"ops"}','99ad0a23b0791dd931b4dda5d421a7e829ff8ea8cbfb75f9a9bb3356f2a92407','02c8c28b5c9a4ec463db40d3520a57d8ac03f45533d51aa986a6397b948f71c1');
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
INSERT INTO "local_pages" VALUES('desk',1,'opsa9b071fca4a18','log','desk','disk is full on db1',0,'triggered','alice','[]','2026-11-30T21:08:28.887427+00:00','2026-11-30T21:08:28.887427+00:00','');
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
INSERT INTO "locks" VALUES('','test','person:bob','bob','bob','#ops','schema change','2026-11-30T21:08:24.781538+00:00','2026-11-30T23:00:00.000000+00:00','5a27c442cf65f872db5707f5');
INSERT INTO "locks" VALUES('web','uat','person:alice','alice','alice','#ops','rolled back from v1.2.0 to v1.0.0','2026-11-30T21:08:27.070454+00:00','','99a719eaf155d4338cbcf841');
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
INSERT INTO "repeats" VALUES('bbd8858ec947fac92d83aaa06d4c124f4126af7766c4bbcdf967d9aeb16d6a1e','ops5b806ca361e52','done','36bc50b5fcabc4d7','{"tracker": "cards", "url": "", "notes": [], "card": "CARD-1", "project": "", "summary": "Look at the login page"}','2026-11-30T21:08:27.769534+00:00','2026-11-30T21:08:27.953226+00:00');
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

CREATE TABLE spip_articles (id_article bigint(21) PRIMARY KEY AUTO_INCREMENT, surtitre text NOT NULL DEFAULT '',
  titre text NOT NULL DEFAULT '', soustitre text NOT NULL DEFAULT '', id_rubrique bigint(21) NOT NULL DEFAULT 0,
  descriptif text NOT NULL DEFAULT '', chapo mediumtext NOT NULL DEFAULT '', texte longtext NOT NULL DEFAULT '',
  ps mediumtext NOT NULL DEFAULT '', date datetime NOT NULL DEFAULT '2000-01-01', statut varchar(10) NOT NULL DEFAULT '0',
  id_secteur bigint(21) NOT NULL DEFAULT 0, maj timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  date_redac datetime NOT NULL DEFAULT '2000-01-01', visites int NOT NULL DEFAULT 0, popularite double NOT NULL DEFAULT 0,
  date_modif datetime NOT NULL DEFAULT '2000-01-01', lang varchar(10) NOT NULL DEFAULT '');
CREATE TABLE spip_rubriques (id_rubrique bigint(21) PRIMARY KEY, id_parent bigint(21) NOT NULL DEFAULT 0, titre text NOT NULL,
  statut varchar(10) NOT NULL DEFAULT 'publie');
CREATE TABLE spip_auteurs (id_auteur bigint(21) PRIMARY KEY, nom text NOT NULL, statut varchar(255) NOT NULL DEFAULT '1comite');
CREATE TABLE spip_auteurs_liens (id_auteur bigint(21), id_objet bigint(21), objet varchar(25), vu varchar(6) DEFAULT 'non',
  PRIMARY KEY (id_auteur, id_objet, objet));
CREATE TABLE spip_mots (id_mot bigint(21) PRIMARY KEY, titre text NOT NULL, id_groupe bigint(21) NOT NULL DEFAULT 0);
CREATE TABLE spip_mots_liens (id_mot bigint(21), id_objet bigint(21), objet varchar(25), PRIMARY KEY (id_mot, id_objet, objet));
CREATE TABLE spip_urls (id_parent bigint(21) NOT NULL DEFAULT 0, url varchar(255) NOT NULL, type varchar(25) NOT NULL DEFAULT 'article',
  id_objet bigint(21) NOT NULL, date datetime NOT NULL DEFAULT '2000-01-01', PRIMARY KEY (id_parent, url));
SET sql_mode = '';
INSERT INTO spip_rubriques (id_rubrique, titre) VALUES (1, '<multi>[fr]Humeur[en]Mood</multi>'), (2, 'Ailleurs');
INSERT INTO spip_auteurs (id_auteur, nom) VALUES (1, 'Anouk Le Goff'), (2, 'Jean Ollivier');
INSERT INTO spip_mots (id_mot, titre) VALUES (1, 'sel');
INSERT INTO spip_articles (id_article, titre, id_rubrique, chapo, texte, date, statut, date_modif) VALUES
 (3, 'La digue {cède}', 1, 'On l’avait {{dit}}.', '{{{Hier}}}\n\nLa mer [monte->https://port.example/] [[Voir la carte.]] encore [la suite->art4].\n\n-* un\n-* deux\n\n<img7|center>',
  '2026-11-18 08:00:00', 'publie', '2026-11-18 09:30:00'),
 (4, 'Le phare', 2, '', 'Texte.', '2026-11-17 08:00:00', 'publie', '0000-00-00 00:00:00'),
 (5, 'SECRET proposé', 1, '', 'SECRET', '2026-11-17 08:00:00', 'prop', '2026-11-17 08:00:00'),
 (6, 'SECRET jeté', 1, '', 'SECRET', '2026-11-17 08:00:00', 'poubelle', '2026-11-17 08:00:00');
INSERT INTO spip_auteurs_liens (id_auteur, id_objet, objet) VALUES (1, 3, 'article'), (2, 3, 'article'), (2, 3, 'rubrique');
INSERT INTO spip_mots_liens VALUES (1, 3, 'article');
INSERT INTO spip_urls (url, type, id_objet, date) VALUES ('Ancienne-digue', 'article', 3, '2026-01-01'),
  ('La-digue-cede', 'article', 3, '2026-11-18');

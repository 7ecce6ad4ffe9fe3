CREATE TABLE wp_posts (ID bigint unsigned PRIMARY KEY AUTO_INCREMENT, post_author bigint unsigned NOT NULL DEFAULT 0,
  post_date datetime NOT NULL DEFAULT '2000-01-01', post_date_gmt datetime NOT NULL DEFAULT '2000-01-01',
  post_content longtext NOT NULL, post_title text NOT NULL, post_excerpt text NOT NULL,
  post_status varchar(20) NOT NULL DEFAULT 'publish', comment_status varchar(20) NOT NULL DEFAULT 'open',
  post_password varchar(255) NOT NULL DEFAULT '', post_name varchar(200) NOT NULL DEFAULT '',
  post_modified datetime NOT NULL DEFAULT '2000-01-01', post_modified_gmt datetime NOT NULL DEFAULT '2000-01-01',
  post_parent bigint unsigned NOT NULL DEFAULT 0, guid varchar(255) NOT NULL DEFAULT '',
  post_type varchar(20) NOT NULL DEFAULT 'post', post_mime_type varchar(100) NOT NULL DEFAULT '');
CREATE TABLE wp_users (ID bigint unsigned PRIMARY KEY, user_login varchar(60), display_name varchar(250));
CREATE TABLE wp_terms (term_id bigint unsigned PRIMARY KEY, name varchar(200), slug varchar(200));
CREATE TABLE wp_term_taxonomy (term_taxonomy_id bigint unsigned PRIMARY KEY, term_id bigint unsigned,
  taxonomy varchar(32), parent bigint unsigned DEFAULT 0, count bigint DEFAULT 0);
CREATE TABLE wp_term_relationships (object_id bigint unsigned, term_taxonomy_id bigint unsigned, term_order int DEFAULT 0,
  PRIMARY KEY (object_id, term_taxonomy_id));
CREATE TABLE wp_postmeta (meta_id bigint unsigned PRIMARY KEY AUTO_INCREMENT, post_id bigint unsigned,
  meta_key varchar(255), meta_value longtext);
SET sql_mode = '';
INSERT INTO wp_users VALUES (1, 'anouk', 'Anouk Le Goff'), (2, 'jean', 'Jean Ollivier');
INSERT INTO wp_terms VALUES (1, 'Humeur', 'humeur'), (2, 'Ports &amp; marées', 'ports'), (3, 'sel', 'sel');
INSERT INTO wp_term_taxonomy (term_taxonomy_id, term_id, taxonomy) VALUES (11, 1, 'category'), (12, 2, 'category'),
  (13, 3, 'post_tag');
INSERT INTO wp_posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status,
  post_password, post_name, post_modified_gmt, guid, post_type) VALUES
 (5, 1, '2026-11-18 08:00:00', '2026-11-18 07:00:00', 'La digue\ncède.\n\n[caption id="a"]<img src="/d.jpg" alt="Digue"> La digue[/caption]',
  'La digue &amp; l’<em>été</em>', 'On l&rsquo;avait dit.', 'publish', '', 'la-digue', '2026-11-18 09:30:00',
  'https://jetee.example.org/?p=5', 'post'),
 (6, 2, '2026-11-17 08:00:00', '2026-11-17 07:00:00', '<!-- wp:paragraph -->\n<p>Premier.</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:more -->\n<!--more-->\n<!-- /wp:more -->\n\n<!-- wp:paragraph -->\n<p>Suite.</p>\n<!-- /wp:paragraph -->',
  'Des blocs', '', 'publish', '', 'des-blocs', '2026-11-17 07:00:00', 'https://jetee.example.org/?p=6', 'post'),
 (7, 1, '2026-11-16 08:00:00', '2026-11-16 07:00:00', 'SECRET', 'SECRET privé', '', 'private', '', 'prive', '2026-11-16 07:00:00', 'x7', 'post'),
 (8, 1, '2026-11-16 08:00:00', '2026-11-16 07:00:00', 'SECRET', 'SECRET protégé', '', 'publish', 'pass', 'protege', '2026-11-16 07:00:00', 'x8', 'post'),
 (9, 1, '2026-11-16 08:00:00', '0000-00-00 00:00:00', 'SECRET', 'SECRET brouillon', '', 'draft', '', '', '2026-11-16 07:00:00', 'x9', 'post'),
 (10, 1, '2026-11-16 08:00:00', '2026-11-16 07:00:00', 'SECRET', 'SECRET page', '', 'publish', '', 'page', '2026-11-16 07:00:00', 'x10', 'page'),
 (11, 1, '2026-11-16 08:00:00', '2026-11-16 07:00:00', 'SECRET', 'SECRET révision', '', 'inherit', '', '5-revision', '2026-11-16 07:00:00', 'x11', 'revision'),
 (12, 1, '2026-11-16 08:00:00', '2026-11-16 07:00:00', '', 'phare', '', 'inherit', '', 'phare', '2026-11-16 07:00:00', 'https://jetee.example.org/wp-content/phare.jpg', 'attachment');
INSERT INTO wp_term_relationships (object_id, term_taxonomy_id) VALUES (5, 11), (5, 12), (5, 13), (6, 12);
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (5, '_thumbnail_id', '12'), (12, '_wp_attachment_image_alt', 'Un phare'),
  (5, '_edit_lock', '1');

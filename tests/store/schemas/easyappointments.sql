-- Easy!Appointments' tables around appointments, after its migrations. Its times are local ones, without a zone.
CREATE TABLE ea_migrations (version INTEGER NOT NULL);
CREATE TABLE ea_settings (id INTEGER PRIMARY KEY, create_datetime DATETIME, update_datetime DATETIME, name VARCHAR(512),
    value TEXT);
CREATE TABLE ea_roles (id INTEGER PRIMARY KEY, name VARCHAR(256), slug VARCHAR(256), is_admin TINYINT);
CREATE TABLE ea_users (id INTEGER PRIMARY KEY, create_datetime DATETIME, update_datetime DATETIME,
    first_name VARCHAR(256), last_name VARCHAR(512), email VARCHAR(512), mobile_number VARCHAR(128),
    phone_number VARCHAR(128), address VARCHAR(256), city VARCHAR(256), state VARCHAR(128), zip_code VARCHAR(64),
    notes TEXT, timezone VARCHAR(256) DEFAULT 'UTC', language VARCHAR(256) DEFAULT 'english', custom_field_1 TEXT,
    custom_field_2 TEXT, is_private TINYINT DEFAULT 0, id_roles INTEGER NOT NULL REFERENCES ea_roles (id));
CREATE TABLE ea_user_settings (id_users INTEGER PRIMARY KEY REFERENCES ea_users (id), username VARCHAR(256),
    password VARCHAR(512), salt VARCHAR(512), working_plan TEXT, notifications TINYINT, calendar_view VARCHAR(32));
CREATE TABLE ea_services (id INTEGER PRIMARY KEY, name VARCHAR(256), duration INTEGER, price DECIMAL(10, 2),
    attendants_number INTEGER DEFAULT 1);
CREATE TABLE ea_blocked_periods (id INTEGER PRIMARY KEY, name VARCHAR(256), start_datetime DATETIME,
    end_datetime DATETIME, notes TEXT);
CREATE TABLE ea_appointments (id INTEGER PRIMARY KEY, create_datetime DATETIME, update_datetime DATETIME,
    book_datetime DATETIME, start_datetime DATETIME, end_datetime DATETIME, location TEXT, notes TEXT, hash TEXT,
    color VARCHAR(256) DEFAULT '#7cbae8', status VARCHAR(512) DEFAULT '', is_unavailability TINYINT NOT NULL DEFAULT 0,
    id_users_provider INTEGER REFERENCES ea_users (id), id_users_customer INTEGER REFERENCES ea_users (id),
    id_services INTEGER REFERENCES ea_services (id), id_google_calendar TEXT, id_caldav_calendar TEXT);
INSERT INTO ea_roles VALUES (1, 'Administrator', 'admin', 1), (2, 'Provider', 'provider', 0),
    (3, 'Customer', 'customer', 0);
INSERT INTO ea_settings VALUES (1, NULL, NULL, 'label_custom_field_1', 'Discord ID');
INSERT INTO ea_users (id, first_name, last_name, email, timezone, custom_field_1, id_roles) VALUES
    (2, 'Bob', 'Coach', 'bob@example.org', 'Europe/Berlin', '1300000000000000022', 2),
    (3, 'Ada', 'Lovelace', 'ada@example.org', 'Europe/Berlin', '1300000000000000011', 3);
INSERT INTO ea_services VALUES (1, 'Coaching', 60, 0, 1);
INSERT INTO ea_blocked_periods VALUES (1, 'Holidays', '2099-12-24 00:00:00', '2099-12-27 00:00:00', NULL);
INSERT INTO ea_appointments (id, book_datetime, start_datetime, end_datetime, status, is_unavailability,
    id_users_provider, id_users_customer, id_services) VALUES
    (10, '2026-01-01 08:00:00', '2099-06-15 10:00:00', '2099-06-15 11:00:00', 'Booked', 0, 2, 3, 1),
    (11, '2026-01-01 08:00:00', '2099-06-16 10:00:00', '2099-06-16 11:00:00', 'Cancelled', 0, 2, 3, 1),
    (12, '2026-01-01 08:00:00', '2099-06-17 10:00:00', '2099-06-17 12:00:00', '', 1, 2, NULL, NULL);

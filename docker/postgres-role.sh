#!/bin/bash
# Makes the brokers' role, once, when the database is made. It owns nothing; what it may do it is
# given by the owner at each start of a broker.
set -euo pipefail
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set=password="$SALLYPORT_ROLE_PASSWORD" <<'SQL'
create role sallyport login nosuperuser nocreatedb nocreaterole password :'password';
revoke all on database :"DBNAME" from public;
grant connect on database :"DBNAME" to sallyport;
SQL

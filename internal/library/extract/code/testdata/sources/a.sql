-- want: t f -
CREATE TABLE IF NOT EXISTS t (
  id int, -- );
  s text DEFAULT ';'
);

create or replace function f() returns int as $$
begin
create table no (x int);
end
$$ language plpgsql;

INSERT INTO t VALUES (1);

# Neo4j from its jars, which Maven fetches: there is no package of it. The service
# neo4j is the current release where a Java of 21 or later is found; neo4j5 is the
# last 5.x. On a machine that has Java 17 alone, one server of 5.x is both.
NEO4J=2026.08.1 NEO4J5=5.26.30

given_neo4j() { [ -n "${MNEMOSYNE_TEST_NEO4J_URL:-}${NEOMODEL_NEO4J_BOLT_URL:-}" ]; }
given_neo4j5() { given_neo4j || [ -n "${MNEMOSYNE_TEST_NEO4J5_URL:-}" ]; }
have_neo4j() { java_of neo4j >/dev/null && { command -v mvn >/dev/null || classpath "$(version_of neo4j)" >/dev/null; }; }
have_neo4j5() { java_of neo4j5 >/dev/null && { command -v mvn >/dev/null || classpath "$NEO4J5" >/dev/null; }; }
up_neo4j() { neo4j_up neo4j; }
up_neo4j5() { neo4j_up "$(server_neo4j5)"; }
start_neo4j() { neo4j_once neo4j; }
start_neo4j5() { neo4j_once "$(server_neo4j5)"; }
stop_neo4j() { end "$(neo4j_pid neo4j)"; }
stop_neo4j5() { end "$(neo4j_pid "$(server_neo4j5)")"; }
neo4j_once() { (flock 7; neo4j_up "$1" || neo4j_start "$1") 7>"$root/$1.lock"; } # both may ask for the same one

# Debian 12 has Java 17 only, Debian 13 has none before 21. Both releases take 21; no
# 5.x is made for 25.
packages_neo4j() {
  local version
  command -v mvn >/dev/null || echo maven
  java_of neo4j >/dev/null && return
  for version in 21 25 17; do
    apt-cache policy "openjdk-$version-jre-headless" 2>/dev/null | grep -q 'Candidate: [0-9]' && { echo "openjdk-$version-jre-headless"; return; }
  done
  echo default-jre-headless
}
packages_neo4j5() { packages_neo4j; }

# javas: the Javas of this machine, as lines of MAJOR-VERSION PATH.
javas() {
  local java major
  for java in "${JAVA_HOME:-/none}/bin/java" "$(command -v java)" /usr/lib/jvm/*/bin/java; do
    [ -x "$java" ] || continue
    java=$(readlink -f "$java")
    major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$(dirname "$java")/../release" 2>/dev/null)
    echo "${major:-$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')} $java"
  done | sort -un
}
java_since() { javas | awk -v least="$1" '$1 >= least { found = $2 } END { print found; exit found == "" }'; }
java_of() { # SERVICE: the newest for the current release, the oldest that will do for 5.x
  if [ "$(version_of "$1")" = "$NEO4J" ]; then java_since 21; else javas | awk '$1 >= 17 && !found { found = $2 } END { print found; exit found == "" }'; fi
}
version_of() { if [ "$1" = neo4j ] && java_since 21 >/dev/null; then echo $NEO4J; else echo $NEO4J5; fi; }
server_neo4j5() { if [ "$(version_of neo4j)" = $NEO4J5 ]; then echo neo4j; else echo neo4j5; fi; }

# classpath VERSION: its jars, while all of them are still there.
classpath() {
  local jar jars
  [ -s "$tools/neo4j-$1.classpath" ] || return 1
  IFS=: read -ra jars <"$tools/neo4j-$1.classpath"
  for jar in "${jars[@]}"; do [ -s "$jar" ] || return 1; done
  cat "$tools/neo4j-$1.classpath"
}
jars_of() { # SERVICE VERSION
  local dir=$tools/neo4j-$2
  classpath "$2" >/dev/null && return 0
  say "$1: fetching Neo4j $2 with Maven"
  mkdir -p "$dir" && cat >"$dir/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mnemosyne</groupId> <artifactId>neo4j</artifactId> <version>1</version> <packaging>pom</packaging>
  <dependencies><dependency><groupId>org.neo4j</groupId> <artifactId>neo4j</artifactId> <version>$2</version></dependency></dependencies>
</project>
POM
  # Maven 3 does not share its store of jars between two runs.
  (flock 8 && mvn -B -q -f "$dir/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath \
    -DincludeScope=runtime -Dmdep.outputFile="$tools/neo4j-$2.classpath" >"$root/$1.log" 2>&1) 8>"$tools/maven.lock" && classpath "$2" >/dev/null && return 0
  say "$1: could not fetch Neo4j $2, see $root/$1.log; with a server of your own, give its address as MNEMOSYNE_TEST_NEO4J_URL=bolt://USER:PASSWORD@HOST:PORT"
  return 1
}

neo4j_start() {
  local name=$1 version java major dir main options log=$root/$1.log
  version=$(version_of "$name"); java=$(java_of "$name"); dir=$(folder "$name")/$version
  jars_of "$name" "$version" || return 1
  major=$(javas | awk -v java="$java" '$2 == java { print $1; exit }')
  main=org.neo4j.server.CommunityEntryPoint
  options=(-XX:+UseG1GC --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED)
  [ "$version" = "$NEO4J" ] && main=org.neo4j.server.Neo4jCommunity
  [ "$major" -ge 21 ] && options+=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$dir/classes.jsa")
  [ "$major" -ge 24 ] && options+=(--sun-misc-unsafe-memory-access=allow)
  mkdir -p "$dir/conf" && : >"$dir/conf/neo4j.conf" && : >"$log"
  if [ ! -e "$dir/ready" ]; then
    rm -rf "$dir/data"
    NEO4J_HOME=$dir NEO4J_CONF=$dir/conf "$java" -XX:TieredStopAtLevel=1 -cp "$(classpath "$version")" org.neo4j.cli.AdminTool \
      dbms set-initial-password "$(password_of "$name")" >>"$log" 2>&1 && touch "$dir/ready" || return 1
  fi
  spawn "$name" "$java" "-Xmx${MNEMOSYNE_SERVICES_NEO4J_HEAP:-1g}" "${options[@]}" -cp "$(classpath "$version")" $main \
    --home-dir="$dir" --config-dir="$dir/conf" --console-mode -c "server.bolt.listen_address=127.0.0.1:$(port_of "$name")" \
    -c server.http.enabled=false -c dbms.usage_report.enabled=false -c server.memory.pagecache.size=256m 7>&-
  wait_for 120 neo4j_up "$name"
}
neo4j_pid() { [ -s "$root/$1.port" ] && running "$root/$1.pid" "127.0.0.1:$(port_of "$1") "; }
neo4j_up() { neo4j_pid "$1" >/dev/null && listening "$(port_of "$1")" && grep -q 'INFO  Started\.' "$root/$1.log"; }

print_neo4j() {
  local url
  if [ -n "${MNEMOSYNE_TEST_NEO4J_URL:-}" ]; then return
  elif given_neo4j; then echo "MNEMOSYNE_TEST_NEO4J_URL=$NEOMODEL_NEO4J_BOLT_URL"
  elif up_neo4j; then
    url=$(neo4j_url neo4j)
    printf '%s\n' "NEOMODEL_NEO4J_BOLT_URL=$url" "MNEMOSYNE_TEST_NEO4J_URL=$url"
  fi
}
print_neo4j5() {
  if [ -n "${MNEMOSYNE_TEST_NEO4J5_URL:-}" ]; then return
  elif given_neo4j; then echo "MNEMOSYNE_TEST_NEO4J5_URL=${MNEMOSYNE_TEST_NEO4J_URL:-$NEOMODEL_NEO4J_BOLT_URL}"
  elif up_neo4j5; then echo "MNEMOSYNE_TEST_NEO4J5_URL=$(neo4j_url "$(server_neo4j5)")"; fi
}
neo4j_url() { echo "bolt://neo4j:$(password_of "$1")@127.0.0.1:$(port_of "$1")"; }

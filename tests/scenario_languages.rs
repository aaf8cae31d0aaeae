//! The real binary in Spanish, from a deploy to its end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, reason = "shared with the test of the sentences")]
#[path = "support/words.rs"]
mod words;
mod world;

use words::{ENGLISH, among};
use world::{World, text};

/// One link that is shaped below its contract, and a test that cannot apply.
const SHORT: &str = "
name: NAME
hosts: { here: { local: {} } }
sites: { north: {}, south: {} }
probes:
  n1: { host: here, site: north }
  n2: { host: here, site: north }
  s1: { host: here, site: south }
links:
  leased: { between: [north, south], contract: { rate: 50M, rtt: 20ms }, impair: { rate: 30M } }
groups:
  few: { pairs: [[n1, s1], [n1, n2]], one-way: true }
tests:
  udp: { iperf3: { protocol: udp, rate: contract, duration: 1s } }
  rtt: { ping: { count: 3, interval: 100ms } }
campaigns:
  check: { group: few, run: [rtt, udp] }
";

/// Standard output and error of a verb, where `ask` says how Spanish is asked for.
fn spoken(world: &World, code: i32, ask: &str, arguments: &[&str]) -> String {
    let mut command = world.command(arguments);
    match ask {
        "LANG" => command.env_remove("LC_ALL").env("LANG", "es_ES.UTF-8"),
        ask => command.args(["--lang", ask]),
    };
    let output = command.output().unwrap();
    let both = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{both}");
    both
}

#[test]
fn the_binary_speaks_spanish_from_deploy_to_destroy() {
    let world = World::new(SHORT);
    for ask in ["es", "LANG"] {
        let mut said = spoken(&world, 0, ask, &["validate"]);
        said += &spoken(&world, 0, ask, &["plan"]);
        said += &spoken(&world, 0, ask, &["deploy"]);
        said += &spoken(&world, 0, ask, &["deploy"]);
        said += &spoken(&world, 0, ask, &["status"]);
        said += &spoken(&world, 0, ask, &["run", "--dry-run"]);
        said += &spoken(&world, 1, ask, &["run"]);
        said += &spoken(&world, 0, ask, &["list"]);
        let report = spoken(&world, 0, ask, &["report"]);
        for words in [
            "north → south entrega 2",
            "de los 50 Mbit/s contratados",
            "✗ incumple",
            "toma su tasa del contrato",
            "1 omitida",
            "4 pruebas: ",
        ] {
            let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(words), "{words}\n{report}");
        }
        let missing = spoken(&world, 127, "LANG", &["exec", "n1", "--", "no-such-command"]);
        assert!(missing.contains("no se puede iniciar `no-such-command`"), "{missing}");
        said += &report.lines().filter(|l| !l.starts_with("prueba ")).collect::<Vec<_>>().join("\n");
        said += &spoken(&world, 0, ask, &["report", "--out", "informe.html"]);
        let page = std::fs::read_to_string(world.folder.path().join("informe.html")).unwrap();
        assert!(page.contains("<html lang=\"es\">"));
        said += &spoken(&world, 0, ask, &["destroy"]);
        said += &spoken(&world, 0, ask, &["destroy"]);
        for words in
            ["3 sondas listas", "nada que hacer", "crear", "no queda nada", "no hay nada desplegado", "es válido"]
        {
            assert!(said.contains(words), "{words}\n{said}");
        }
        // Names of the topology, of tools and of verbs are no words.
        let prose = said.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let prose: Vec<&str> =
            prose.lines().filter(|l| !["link/", "probe/", " core"].iter().any(|id| l.contains(id))).collect();
        let foreign = among(&prose.join("\n"), ENGLISH);
        assert!(foreign.is_empty(), "{ask}: {foreign:?}\n{said}");
    }
    assert!(spoken(&world, 0, "en", &["destroy"]).contains("nothing is deployed"));
}

#[test]
fn programs_are_served_english_and_faults_are_told_in_spanish() {
    let world = World::new("name: NAME\nhosts: { here: { local: {} } }\nprobes: { a: { hots: here } }\n");
    let said = spoken(&world, 2, "LANG", &["validate"]);
    assert!(said.contains("una sonda no tiene la clave `hots`") && said.contains("= ayuda: "), "{said}");
    assert!(said.contains("fallos en topology.yaml"), "{said}");
    let bad = world.folder.path().join("bad.yaml");
    let faulty = include_str!("topologies/invalid/schedules.yaml");
    std::fs::write(&bad, faulty).unwrap();
    let told = spoken(&world, 2, "LANG", &["-t", "bad.yaml", "validate"]);
    for words in [
        "`0 0 30 2 *` no es un momento de ejecución: ninguno de esos meses tiene ese día",
        "el campo minuto, `61`, no está entre 0 y 59; el campo hora, `25`, no está entre 0 y 23",
        "`0 3 * *` no es cinco campos",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let served = spoken(&world, 2, "es", &["validate", "--output", "json"]);
    assert!(served.contains("a probe has no key `hots`"), "{served}");
    let said = spoken(&world, 2, "es", &["-t", "no-such.yaml", "validate"]);
    assert!(said.contains("no se puede leer el fichero de topología") && said.contains("sugerencia: "), "{said}");
    let said = spoken(&world, 2, "es", &["report", "check@0"]);
    assert!(said.contains("no hay ninguna campaña ejecutada `check@0`"), "{said}");
    let said = spoken(&world, 2, "LANG", &["report", "check@0", "--output", "json"]);
    assert!(said.contains("there is no campaign run `check@0`"), "{said}");
    let output = world.command(&["doctor", "--lang", "es"]).output().unwrap();
    let said = text(&output.stdout);
    // What programs call themselves: `ping from iputils 20221126`.
    let said = said.replace(" from ", " ").replace(" for ", " ");
    let foreign = among(&said, ENGLISH);
    assert!(foreign.is_empty(), "{foreign:?}\n{said}");
}

/// Probes without networks of their own.
const PLAIN: &str = "
name: NAME
hosts: { here: { local: { isolation: processes } } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b] } }
tests: { rtt: { ping: { count: 1000, interval: 2ms, size: 1000B } } }
campaigns: { check: { group: all, run: rtt, budget: { max-rate: 1M } } }
";

#[test]
fn what_this_machine_cannot_do_is_told_in_spanish() {
    let world = World::new(PLAIN);
    let mut said = spoken(&world, 0, "es", &["deploy"]);
    assert!(said.contains("aviso: las sondas son simples procesos de esta máquina"), "{said}");
    let refused = spoken(&world, 2, "es", &["run", "--dry-run"]);
    assert!(refused.contains(" Mbit/s, más de los 1 Mbit/s que el presupuesto"), "{refused}");
    let shaped = std::fs::read_to_string(world.folder.path().join("topology.yaml")).unwrap();
    let shaped = shaped.replace("between: [a, b]", "between: [a, b], impair: { rate: 1M }");
    std::fs::write(world.folder.path().join("shaped.yaml"), &shaped).unwrap();
    let refused = refused + &spoken(&world, 2, "es", &["-t", "shaped.yaml", "deploy"]);
    for words in ["`impair.rate`, y los simples procesos", "quítelo de la topología, o ponga en el equipo"] {
        assert!(refused.contains(words), "{words}\n{refused}");
    }
    // Neither the code of a fault nor the line of the file is prose.
    let refused = refused.replace("[not-shapeable]", "");
    said.extend(refused.lines().filter(|line| !line.contains('|')).map(|line| format!("{line}\n")));
    let prose = said.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let foreign = among(&prose, ENGLISH);
    assert!(foreign.is_empty(), "{foreign:?}\n{said}");
    let unwritten = spoken(&world, 2, "es", &["-t", "no-such-folder/first.yaml", "init"]);
    assert!(
        unwritten.contains("no se puede crear el fichero `") || unwritten.contains("no se puede abrir"),
        "{unwritten}"
    );
}

#[test]
fn what_is_planned_and_kept_is_told_in_spanish() {
    let world = World::new(SHORT);
    let said = spoken(&world, 0, "es", &["campaigns"]);
    for words in [": grupo few, pruebas rtt, udp", "sin contar la preparación", "sin horario: "] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let said = spoken(&world, 0, "es", &["prune", "--keep", "0"]);
    assert!(said.contains("borrado: 0 campañas ejecutadas"), "{said}");
    let said = spoken(&world, 2, "es", &["import", "no-such.campaign"]);
    assert!(said.contains("no se puede leer: ") && said.contains("incorporados: 0 de 1 fichero"), "{said}");
    let said = spoken(&world, 2, "es", &["export", "check@0"]);
    assert!(said.contains("no hay ninguna campaña ejecutada `check@0`"), "{said}");
}

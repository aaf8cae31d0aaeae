//! Plans, backends, deploying, locks, sessions, `doctor`.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // plan::Reason
    ("it is not there", "no está"),
    ("it was left half made", "quedó a medio hacer"),
    ("it is not as it was made: {what}", "no está como se hizo: {what}"),
    ("it is not as it was made: {what} in {place}", "no está como se hizo: {what} en {place}"),
    ("the topology changed it", "la topología lo cambió"),
    ("{id} under it is replaced", "se sustituye {id}, que está debajo"),
    ("the topology does not have it", "la topología no lo tiene"),
    // What drifted.
    ("the namespace of {place} is missing", "falta el espacio de red de {place}"),
    ("the device {name} is missing", "falta el dispositivo {name}"),
    ("the device {name} is down", "el dispositivo {name} está caído"),
    ("the device {name} is not at the switch {switch}", "el dispositivo {name} no está en el conmutador {switch}"),
    ("the address {address} of {name} is missing", "falta la dirección {address} de {name}"),
    ("the route to {to} by {way} is missing", "falta la ruta a {to} por {way}"),
    ("the route to {to} by {way} was added", "se añadió la ruta a {to} por {way}"),
    ("the route to {to} goes by {found} instead of {made}", "la ruta a {to} va por {found} en vez de {made}"),
    ("several ways", "varias vías"),
    ("the MTU of {name} is {found} B instead of {made} B", "la MTU de {name} es {found} B en vez de {made} B"),
    ("the setting {key} is {found} instead of {made}", "el ajuste {key} es {found} en vez de {made}"),
    ("the shaper of {device} is missing", "falta el limitador de {device}"),
    ("the shaper of {device} is another", "el limitador de {device} es otro"),
    ("a {shaper} was put on the device {name}", "alguien puso un {shaper} en el dispositivo {name}"),
    ("the loss of {device} is missing", "falta la pérdida de {device}"),
    ("the loss of {device} is another", "la pérdida de {device} es otra"),
    // deploy
    ("the plan stopped at `create {id}`: {aftermath}", "el plan se detuvo al crear `{id}`: {aftermath}"),
    ("the plan stopped at `remove {id}`: {aftermath}", "el plan se detuvo al quitar `{id}`: {aftermath}"),
    ("stopped after {done} of {total} steps: {aftermath}", "detenido tras {done} de {total} pasos: {aftermath}"),
    ("everything is as it was before", "todo está como estaba antes"),
    (
        "everything is as it was before, but for {ids}, left for the next deploy",
        "todo está como estaba antes, salvo {ids}, que queda para el próximo despliegue",
    ),
    ("removed and not restored: {ids}", "quitado y no restaurado: {ids}"),
    ("perhaps no longer whole: {ids}", "quizá ya no completo: {ids}"),
    ("left behind: {ids}", "ha quedado sin quitar: {ids}"),
    ("`iperftester deploy` makes again what is missing", "`iperftester deploy` vuelve a hacer lo que falta"),
    (
        "`iperftester destroy` removes what is left; then deploy again",
        "`iperftester destroy` quita lo que ha quedado; después despliegue otra vez",
    ),
    // backend
    ("cannot create {subject}", "no se puede crear {subject}"),
    ("cannot remove {subject}", "no se puede quitar {subject}"),
    ("cannot observe {subject}", "no se puede observar {subject}"),
    ("cannot reach {subject}", "no se puede llegar a {subject}"),
    ("cannot list {subject}", "no se puede enumerar {subject}"),
    ("cannot read {subject}", "no se puede leer {subject}"),
    ("there is no {subject} in this topology", "no hay ningún {subject} en esta topología"),
    ("it is not deployed", "no está desplegado"),
    ("its processes do not end", "sus procesos no terminan"),
    (
        "local probes need root, and this process lacks {right}",
        "las sondas locales necesitan root, y este proceso no tiene {right}",
    ),
    (
        "local probes need the program `{program}`: {error}",
        "las sondas locales necesitan el programa `{program}`: {error}",
    ),
    ("install it: apt install {package}", "instálelo: apt install {package}"),
    (
        "{who}, which needs {feature}, and this machine has none (no {module})",
        "{who}, lo que necesita {feature}, y esta máquina no lo tiene (falta {module})",
    ),
    (
        "{who}, which needs {feature} or {another}, and this machine has none (no {module}, no {other})",
        "{who}, lo que necesita {feature} o {another}, y esta máquina no los tiene (faltan {module} y {other})",
    ),
    ("link `{name}` asks for `impair.{option}`", "el enlace `{name}` pide `impair.{option}`"),
    ("site `{name}` asks for `uplink`", "la sede `{name}` pide `uplink`"),
    ("every local probe asks for a network of its own", "cada sonda local pide una red propia"),
    ("nftables random loss", "pérdida aleatoria de nftables"),
    ("iptables random loss", "pérdida aleatoria de iptables"),
    (
        "load it: {load}; if there is no such module, take that out of the topology or deploy on a machine whose kernel has it",
        "cárguelo: {load}; si no existe ese módulo, quite eso de la topología o despliegue en una máquina cuyo núcleo lo tenga",
    ),
    (
        "install what uses it: apt install {package}; load it: {load}; if there is no such module, take that out of the \
         topology or deploy on a machine whose kernel has it",
        "instale lo que lo usa: apt install {package}; cárguelo: {load}; si no existe ese módulo, quite eso de la topología o \
         despliegue en una máquina cuyo núcleo lo tenga",
    ),
    (
        "this kernel loads no modules: take that out of the topology or deploy on a machine whose kernel has it",
        "este núcleo no carga módulos: quite eso de la topología o despliegue en una máquina cuyo núcleo lo tenga",
    ),
    (
        "install what uses it: apt install {package}; this kernel loads no modules: take that out of the topology or deploy on \
         a machine whose kernel has it",
        "instale lo que lo usa: apt install {package}; este núcleo no carga módulos: quite eso de la topología o despliegue en \
         una máquina cuyo núcleo lo tenga",
    ),
    (
        "load it: modprobe {module} or modprobe {other}; if there is no such module, take that out of the topology or deploy \
         on a machine whose kernel has it",
        "cárguelo: modprobe {module} o modprobe {other}; si no existe ese módulo, quite eso de la topología o despliegue en \
         una máquina cuyo núcleo lo tenga",
    ),
    (
        "install what uses it: apt install {package}; load it: modprobe {module} or modprobe {other}; if there is no such \
         module, take that out of the topology or deploy on a machine whose kernel has it",
        "instale lo que lo usa: apt install {package}; cárguelo: modprobe {module} o modprobe {other}; si no existe ese \
         módulo, quite eso de la topología o despliegue en una máquina cuyo núcleo lo tenga",
    ),
    (
        "site `{name}` is one too many: there are {most} at most",
        "la sede `{name}` es una de más: puede haber {most} como máximo",
    ),
    ("remove some sites", "quite algunas sedes"),
    (
        "probe `{name}` is one too many in its site: there are {most} at most",
        "la sonda `{name}` es una de más en su sede: puede haber {most} como máximo",
    ),
    ("spread the probes over more sites", "reparta las sondas en más sedes"),
    // process
    ("cannot start `{program}`", "no se puede iniciar `{program}`"),
    (
        "a frame of {bytes} bytes was announced, and the longest has {limit}: this is no input from iperftester",
        "se ha anunciado una trama de {bytes} bytes y la más larga tiene {limit}: esto no es una entrada de iperftester",
    ),
    (
        "more than {size} KiB came that the command has not taken: this is no input from iperftester",
        "han llegado más de {size} KiB que la orden no ha tomado: esto no es una entrada de iperftester",
    ),
    ("the engine says in its place: {words}", "el motor dice en su lugar: {words}"),
    ("cannot read the command's input", "no se puede leer la entrada de la orden"),
    ("`{program}` did not end within {limit} s and was stopped", "`{program}` no terminó en {limit} s y se detuvo"),
    ("`{program}` wrote more than {limit} MiB and was stopped", "`{program}` escribió más de {limit} MiB y se detuvo"),
    ("its output takes more than {limit} MiB to be sent", "enviar su salida ocupa más de {limit} MiB"),
    (
        "{what}: nothing of it is kept; it writes less with a longer `interval`, a shorter `duration` or a smaller `count`",
        "{what}: no se guarda nada; escribe menos con un `interval` más largo, una `duration` más corta o un `count` menor",
    ),
    ("cannot talk to `{program}`", "no se puede hablar con `{program}`"),
    ("`{command}` failed: {words}", "`{command}` falló: {words}"),
    ("whoever asked for it has ended", "quien lo pidió ha terminado"),
    ("a line is longer than {limit} bytes", "una línea tiene más de {limit} bytes"),
    // lock
    ("the topology `{topology}` is in use by {who}", "la topología `{topology}` está en uso por {who}"),
    (
        "the topology `{topology}` is in use by what a killed {who} left running",
        "la topología `{topology}` está en uso por lo que dejó en marcha {who}, que fue eliminado",
    ),
    ("another process", "otro proceso"),
    ("`{verb}` (process {pid}) since {since}", "`{verb}` (proceso {pid}) desde {since}"),
    ("`{verb}` (process {pid})", "`{verb}` (proceso {pid})"),
    ("cannot lock {path}", "no se puede bloquear {path}"),
    ("wait for it to end, or stop it with `kill -INT {pid}`", "espere a que termine o deténgalo con `kill -INT {pid}`"),
    ("wait for it to end, then try again", "espere a que termine y vuelva a intentarlo"),
    (
        "wait for it to end, or end it: `fuser -v {path}` names it",
        "espere a que termine o termínelo: `fuser -v {path}` dice cuál es",
    ),
    ("see that {path} can be written by this user", "compruebe que este usuario puede escribir en {path}"),
    // doctor
    ("user namespaces", "espacios de usuario"),
    ("congestion control", "control de congestión"),
    ("cpus", "CPU"),
    ("clock", "reloj"),
    ("space", "espacio"),
    ("labs", "laboratorios"),
    ("nothing is deployed here", "aquí no hay nada desplegado"),
    (
        "deployed here, to be removed by name where its file is gone: {names}",
        "desplegado aquí, se quita por su nombre si falta su fichero: {names}",
    ),
    ("namespaces", "espacios de red"),
    ("processes", "procesos"),
    (
        "this process may make network namespaces of the machine",
        "este proceso puede crear espacios de red de la máquina",
    ),
    (
        "not root ({right} is missing): local probes are made in user namespaces instead",
        "no es root (falta {right}): las sondas locales se crean en espacios de usuario",
    ),
    (
        "not root ({right} is missing): local probes have no network of their own",
        "no es root (falta {right}): las sondas locales no tienen red propia",
    ),
    ("only root may make them: {switch}", "solo root puede crearlos: {switch}"),
    ("an ordinary user may make networks in them", "un usuario normal puede crear redes en ellos"),
    (
        "always there, without shaping; this user may send ICMP echoes",
        "siempre están, sin limitador; este usuario puede enviar ecos ICMP",
    ),
    (
        "this user cannot send ICMP echoes, so probes cannot ping: {words}",
        "este usuario no puede enviar ecos ICMP, así que las sondas no pueden hacer ping: {words}",
    ),
    ("switched on: local probes have both families", "activado: las sondas locales tienen ambas familias"),
    (
        "off: local probes have IPv4 alone, and tests of IPv6 are skipped",
        "desactivado: las sondas locales solo tienen IPv4, y las pruebas de IPv6 se omiten",
    ),
    (
        "local probes in user namespaces cannot be made: {why}",
        "no se pueden crear sondas locales en espacios de usuario: {why}",
    ),
    (
        "run it with sudo, or let the host say `local: { isolation: user-namespaces }`, which needs no root",
        "ejecútelo con sudo, o ponga en el equipo `local: { isolation: user-namespaces }`, que no necesita root",
    ),
    ("{probe} is not in this topology", "{probe} no está en esta topología"),
    ("cannot tell the address of {probe}", "no se sabe la dirección de {probe}"),
    (
        "probe {probe} is not ours: nothing can be started there",
        "la sonda {probe} no es nuestra: allí no se puede iniciar nada",
    ),
    (
        "the address `{address}` of {probe} cannot be resolved",
        "la dirección `{address}` de {probe} no se puede resolver",
    ),
    (
        "the budget of {limit} a day cannot be kept: nothing bounds what {tests} sends",
        "el presupuesto de {limit} al día no se puede cumplir: nada limita lo que envía {tests}",
    ),
    (
        "the budget of {limit} a day cannot be kept: nothing bounds what {tests} send",
        "el presupuesto de {limit} al día no se puede cumplir: nada limita lo que envían {tests}",
    ),
    ("`{cron}` is no schedule: {words}", "`{cron}` no es un calendario: {words}"),
    ("`{name}` is no time zone of the IANA database", "`{name}` no es una zona horaria de la base de datos de IANA"),
    (
        "lower the test's rate, or raise `max-rate` in the campaign's `budget`",
        "baje la tasa de la prueba, o suba `max-rate` en el `budget` de la campaña",
    ),
    (
        "set `max-rate` in the campaign's `budget`, give the tests a `rate`, or the link a contract",
        "ponga `max-rate` en el `budget` de la campaña, dé `rate` a las pruebas, o un contrato al enlace",
    ),
    (
        "this run alone would send about {planned}, {over} more than the {all} that the campaign's budget has for a day; the \
         most: {most}",
        "solo esta campaña enviaría unos {planned}, {over} más que los {all} que su presupuesto tiene para un día; lo que \
         más: {most}",
    ),
    (
        "shorten these tests, lower their rate, leave some out, or raise `bytes-per-day` in the campaign's `budget`",
        "acorte estas pruebas, baje su tasa, quite algunas, o suba `bytes-per-day` en el `budget` de la campaña",
    ),
    (
        "wait for the next day, shorten the tests with `--duration`, or raise `bytes-per-day` in the campaign's `budget`; \
         `iperftester run --dry-run` shows the account",
        "espere al día siguiente, acorte las pruebas con `--duration`, o suba `bytes-per-day` en el `budget` de la campaña; \
         `iperftester run --dry-run` muestra la cuenta",
    ),
    (
        "name one as `Europe/Madrid` or `UTC` in the campaign's `schedule`",
        "indique una como `Europe/Madrid` o `UTC` en el `schedule` de la campaña",
    ),
    ("cannot redact {what}, so nothing is shown", "no se puede anonimizar {what}, así que no se muestra nada"),
    ("not found: {other} serves as well", "no se encuentra: {other} también sirve"),
    ("not found: {what}", "no se encuentra: {what}"),
    ("local probes cannot be made or tested", "no se pueden crear ni probar sondas locales"),
    ("local probes cannot be made", "no se pueden crear sondas locales"),
    ("tests of paths cannot run", "no se pueden hacer pruebas de ruta"),
    ("links cannot lose packets (`impair.loss`)", "los enlaces no pueden perder paquetes (`impair.loss`)"),
    ("links and uplinks cannot have a rate", "los enlaces y accesos no pueden tener tasa"),
    (
        "links cannot have a delay or jitter (`impair.delay`, `impair.jitter`)",
        "los enlaces no pueden tener retardo ni jitter (`impair.delay`, `impair.jitter`)",
    ),
    ("links between containers cannot be shaped", "no se pueden limitar enlaces entre contenedores"),
    ("nothing needs it today", "hoy nada lo necesita"),
    ("its version is not known: {words}", "no se conoce su versión: {words}"),
    (
        "{number}: no test of both directions at once before 3.7",
        "{number}: sin pruebas de ambos sentidos a la vez antes de 3.7",
    ),
    (
        "{number}: one thread for all streams before 3.16, and intervals only at the end before 3.17",
        "{number}: un hilo para todos los flujos antes de 3.16, e intervalos solo al final antes de 3.17",
    ),
    (
        "{number}: a paced test takes a whole CPU in 3.16 and 3.17, so it may be invalid",
        "{number}: una prueba con tasa fija ocupa una CPU entera en 3.16 y 3.17, así que puede no ser válida",
    ),
    ("{number}: a thread per stream, intervals while it runs", "{number}: un hilo por flujo, intervalos mientras dura"),
    (
        "{number}: not iperf 3: its tests are another tool's",
        "{number}: no es iperf 3: sus pruebas son de otra herramienta",
    ),
    ("not there (no {module}): {other} serves as well", "no está (falta {module}): {other} también sirve"),
    ("the kernel has it", "el núcleo lo tiene"),
    ("the kernel has none (no {module}): {what}", "el núcleo no lo tiene (falta {module}): {what}"),
    (
        "the kernel has none (no {module}) and loads no modules: {what}",
        "el núcleo no lo tiene (falta {module}) ni carga módulos: {what}",
    ),
    ("{default} by default, of {all}", "{default} por defecto, de {all}"),
    (
        "{default} by default, of {all}; no cubic, the usual one",
        "{default} por defecto, de {all}; falta cubic, el habitual",
    ),
    ("{cpus} cores", "{cpus} núcleos"),
    (
        "one core: sender, receiver and shaper share it, so fast tests will be invalid",
        "un núcleo: emisor, receptor y limitador lo comparten, así que las pruebas rápidas no serán válidas",
    ),
    ("kept by {keeper}", "lo mantiene {keeper}"),
    (
        "nobody is seen to keep it: times of runs may be off, rates and round trips are not touched",
        "nadie parece mantenerlo: las horas de las pruebas pueden estar desviadas; las tasas y los tiempos de ida y vuelta, no",
    ),
    ("{space} MB free for temporary files", "{space} MB libres para ficheros temporales"),
];

//! What agents say on the wire and tools' outputs come to.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // Notes of measurements, and the notice of `--redact`.
    (
        "it took {measured} s instead of {asked} s: data were held up on the way, or nothing came through for a while, and the \
         throughput is that of all this time",
        "tardó {measured} s en vez de {asked} s: los datos se detuvieron por el camino, o durante un rato no pasó nada, y la tasa \
         es la de todo ese tiempo",
    ),
    (
        "a first attempt was lost after {seconds} s: iperf3 greets its server with one UDP datagram, and it or its answer did not \
         arrive",
        "un primer intento se perdió a los {seconds} s: iperf3 saluda a su servidor con un solo datagrama UDP, y este o su \
         respuesta no llegó",
    ),
    (
        "iperf3 below 3.16 serves all streams of a process by one thread, so these are {count} processes of one stream each",
        "iperf3 anterior a 3.16 atiende todos los flujos de un proceso con un solo hilo, así que son {count} procesos de un flujo cada uno",
    ),
    (
        "the figures of the processes are added up; when each of them ran is not known, and where they did not start at one moment the sum can exceed the link",
        "las cifras de los procesos están sumadas; no se sabe cuándo funcionó cada uno, y si no empezaron en el mismo momento la suma puede superar al enlace",
    ),
    (
        "the throughput of the processes is all that came in the {seconds} s from the first one's start to the last one's end: a little less than there was, never more",
        "la tasa de los procesos es todo lo que llegó en los {seconds} s desde que empezó el primero hasta que acabó el último: un poco menos de lo que hubo, nunca más",
    ),
    (
        "the processes did not start at one moment: the throughput is the least that came in the {seconds} s in which all of them ran",
        "los procesos no empezaron en el mismo momento: la tasa es la menor que pudo llegar en los {seconds} s en los que funcionaron todos",
    ),
    (
        "{processes} processes of {tool} did not start at one moment and surely measured together for {shared} of {measured} s only, which is too little to tell their rate: ask for a `duration` of {ask}s or more, or for one stream",
        "{processes} procesos de {tool} no empezaron en el mismo momento y es seguro que midieron a la vez solo {shared} de {measured} s, demasiado poco para saber su tasa: pida una `duration` de {ask}s o más, o un solo flujo",
    ),
    (
        "the server served other tests before, and before 3.10 its CPU use is that of all of them (esnet/iperf#1076): it is left out",
        "el servidor atendió otras pruebas antes, y hasta 3.10 su uso de CPU es el de todas ellas (esnet/iperf#1076): se omite",
    ),
    (
        "addresses, host names and user names are pseudonyms (--redact)",
        "las direcciones y los nombres de equipos y usuarios son seudónimos (--redact)",
    ),
    // runner::carry_out
    ("{fault}, nor did its server answer an earlier test", "{fault}, ni respondió su servidor a una prueba anterior"),
    ("preflight: {from} cannot reach {to}: {fault}", "comprobación previa: {from} no alcanza a {to}: {fault}"),
    // runner::session
    ("cannot start the agent of {probe}", "no se puede iniciar el agente de {probe}"),
    ("the agent of {probe} has ended", "el agente de {probe} ha terminado"),
    (
        "the agent of {probe} has ended instead of answering hello",
        "el agente de {probe} ha terminado en vez de responder al saludo",
    ),
    ("the agent of {probe} has ended: {fate}", "el agente de {probe} ha terminado: {fate}"),
    (
        "the agent of {probe} gave no answer within {limit} s and was stopped: {fate}",
        "el agente de {probe} no respondió en {limit} s y se detuvo: {fate}",
    ),
    ("its exit code is {code}; {next}", "su código de salida es {code}; {next}"),
    ("the connection to host {host} was lost; {next}", "se perdió la conexión con el equipo {host}; {next}"),
    ("its container is gone; {next}", "su contenedor ya no existe; {next}"),
    ("its container exited with {code}; {next}", "su contenedor terminó con {code}; {next}"),
    (
        "its container exited with {code} for want of memory; {next}",
        "su contenedor terminó con {code} por falta de memoria; {next}",
    ),
    ("its container was started again meanwhile; {next}", "su contenedor se volvió a arrancar entretanto; {next}"),
    ("its container is {words}; {next}", "su contenedor está {words}; {next}"),
    ("see `{command}`", "véase `{command}`"),
    ("the agent of {probe} has no streams", "el agente de {probe} no tiene canales"),
    ("the agent of {probe} says more than it was asked", "el agente de {probe} dice más de lo que se le preguntó"),
    (
        "the agent of {probe} did not answer hello within {limit} s",
        "el agente de {probe} no respondió al saludo en {limit} s",
    ),
    (
        "the agent of {probe} gave no answer within {limit} s and was stopped",
        "el agente de {probe} no respondió en {limit} s y se detuvo",
    ),
    ("the agent of {probe} gave an answer that does not fit", "el agente de {probe} dio una respuesta que no encaja"),
    ("the agent of {probe} cannot be understood: {fault}", "no se entiende al agente de {probe}: {fault}"),
    (
        "the agent of {probe} said what is no reply: {fault}",
        "el agente de {probe} dijo algo que no es una respuesta: {fault}",
    ),
    ("the agent of {probe} {what} instead of answering hello", "el agente de {probe} no respondió al saludo: {what}"),
    ("cannot be understood: {fault}", "no se le entiende: {fault}"),
    ("said what is no reply: {fault}", "dijo algo que no es una respuesta: {fault}"),
    (
        "the agent of {probe} speaks protocol {theirs}, this iperftester {ours}: deploy the probe again",
        "el agente de {probe} habla el protocolo {theirs} y este iperftester, el {ours}: despliegue la sonda otra vez",
    ),
    // agent
    (
        "every port of {range} is in use on this probe: widen its `ports`",
        "todos los puertos de {range} están en uso en esta sonda: amplíe sus `ports`",
    ),
    (
        "{probe}: every port of {range} is in use on this probe: widen its `ports`",
        "{probe}: todos los puertos de {range} están en uso en esta sonda: amplíe sus `ports`",
    ),
    ("a {tool} test has no server", "una prueba de {tool} no tiene servidor"),
    ("the server ended before it listened: {words}", "el servidor terminó antes de escuchar: {words}"),
    (
        "{probe}: the server ended before it listened: {words}",
        "{probe}: el servidor terminó antes de escuchar: {words}",
    ),
    ("the server did not listen within {limit} s", "el servidor no escuchó en {limit} s"),
    ("{probe}: the server did not listen within {limit} s", "{probe}: el servidor no escuchó en {limit} s"),
    ("{probe}: cannot start `{program}`: {why}", "{probe}: no se puede iniciar `{program}`: {why}"),
    ("cannot start `{program}`: {why}", "no se puede iniciar `{program}`: {why}"),
    ("ended by signal {signal}", "terminado por la señal {signal}"),
    ("not a request: {fault}", "no es una petición: {fault}"),
    ("work {job} is still going on", "la tarea {job} sigue en marcha"),
    (
        "{source} is not ours: no test can start there; `direction: reverse` measures the way from it",
        "{source} no es nuestra: allí no puede empezar ninguna prueba; `direction: reverse` mide el sentido desde ella",
    ),
    (
        "{destination} is not ours, and its servers are iperf3's",
        "{destination} no es nuestra, y sus servidores son de iperf3",
    ),
    ("{probe} has no {program}: apt install {package}", "{probe} no tiene {program}: apt install {package}"),
    (
        "`{test}` takes its rate from the contract or else from TCP; no link with a contract lies on this path, and no TCP test \
         without a rate of its own is run from {sender} to {receiver} here",
        "`{test}` toma su tasa del contrato o, si no, de TCP; en esta ruta no hay ningún enlace con contrato, y aquí no se hace \
         ninguna prueba TCP sin tasa propia de {sender} a {receiver}",
    ),
    (
        "sent at {share} of the {rate} that TCP reached, for no contract names a rate",
        "enviado al {share} de los {rate} que alcanzó TCP, pues ningún contrato fija una tasa",
    ),
    ("it measured nothing", "no midió nada"),
    ("its result is invalid", "su resultado no es válido"),
    (
        "its rate is a share of what TCP reaches, and TCP told none (run {id}): {why}",
        "su tasa es una parte de lo que alcanza TCP, y TCP no dio ninguna (prueba {id}): {why}",
    ),
    (
        "its rate is a share of what TCP reaches, and nothing came through by TCP",
        "su tasa es una parte de lo que alcanza TCP, y por TCP no llegó nada",
    ),
    (
        "the server was found busy {count}× with a test of somebody else, and was asked again",
        "el servidor estaba ocupado {count}× con una prueba de otro, y se le volvió a preguntar",
    ),
    // preflight
    (
        "TCP port {port} of {address}: no answer within {limit} s",
        "puerto TCP {port} de {address}: sin respuesta en {limit} s",
    ),
    ("TCP port {port} of {address}: {fault}", "puerto TCP {port} de {address}: {fault}"),
    ("ICMP echo to {address}: no answer within {limit} s", "eco ICMP a {address}: sin respuesta en {limit} s"),
    ("ICMP echo to {address}: {fault}", "eco ICMP a {address}: {fault}"),
    (
        "the probe's user may not send any there; run `{command}` on its host",
        "el usuario de la sonda no puede enviar ninguno allí; ejecute `{command}` en su equipo",
    ),
    // tool
    ("{tool} reports: {words}", "{tool} informa: {words}"),
    ("{tool} stopped before the end of the test: {message}", "{tool} se detuvo antes del fin de la prueba: {message}"),
    ("not an output of {tool}: {message}", "no es una salida de {tool}: {message}"),
    ("not an output of {tool}: line {line}: {message}", "no es una salida de {tool}: línea {line}: {message}"),
    ("it wrote nothing", "no escribió nada"),
    (
        "partial: from {least} to {most} s the client counted {rate} on average, which is not judged",
        "parcial: de {least} a {most} s el cliente contó {rate} de media, que no se evalúa",
    ),
    ("it sent nothing", "no envió nada"),
    ("it ended with exit code {code}", "terminó con el código de salida {code}"),
    ("it does not start with `{word}`", "no empieza por `{word}`"),
    ("a second summary", "un segundo resumen"),
    ("no summary of packets", "no hay resumen de paquetes"),
    ("round-trip times before the summary", "tiempos de ida y vuelta antes del resumen"),
    ("no four round-trip times", "no hay cuatro tiempos de ida y vuelta"),
    ("no answer to an echo request", "no es una respuesta a una solicitud de eco"),
    ("its summary is missing", "falta su resumen"),
    ("its round-trip times are missing", "faltan sus tiempos de ida y vuelta"),
    ("line {line} is cut off", "la línea {line} está cortada"),
    ("hop {ttl} where hop {expected} is expected", "salto {ttl} donde se espera el salto {expected}"),
    (
        "{hops} of {most} hops, and the destination is not among them",
        "{hops} de {most} saltos, y el destino no está entre ellos",
    ),
    ("it does not start with the number of a hop", "no empieza por el número de un salto"),
    ("`{word}` is no time", "`{word}` no es un tiempo"),
    ("`{word}` is nothing that a hop has", "`{word}` no es nada que tenga un salto"),
    ("a hop without answers and without `*`", "un salto sin respuestas y sin `*`"),
    ("its JSON is cut off at line {line} column {column}", "su JSON está cortado en la línea {line}, columna {column}"),
    (
        "what follows its first JSON value is cut off at line {line} column {column}",
        "lo que sigue a su primer valor JSON está cortado en la línea {line}, columna {column}",
    ),
    ("it starts with `{words}`, not with JSON", "empieza por `{words}`, no por JSON"),
    ("its JSON cannot be read: {fault}", "su JSON no se puede leer: {fault}"),
    (
        "what follows its first JSON value cannot be read: {fault}",
        "lo que sigue a su primer valor JSON no se puede leer: {fault}",
    ),
    ("JSON value {at} is no event", "el valor JSON {at} no es un evento"),
    ("its JSON is no object", "su JSON no es un objeto"),
    ("{n} JSON values where one is expected", "{n} valores JSON donde se espera uno"),
    ("there is no JSON in it", "no contiene JSON"),
    ("its result (`end`) is missing", "falta su resultado (`end`)"),
    ("the test did not start", "la prueba no empezó"),
    ("its protocol is {other}", "su protocolo es {other}"),
    (
        "`start.test_start.num_streams` is no count of streams",
        "`start.test_start.num_streams` no es un número de flujos",
    ),
    ("it measured {measured} s of {asked} s", "midió {measured} s de {asked} s"),
    ("`end.sum` counts no datagrams", "`end.sum` no cuenta datagramas"),
    ("`{name}.bits_per_second` is no rate", "`{name}.bits_per_second` no es una tasa"),
    // Notes of a measurement.
    (
        "this version does not tell the rate at the UDP receiver: it is the sender's, less the share lost",
        "esta versión no da la tasa en el receptor UDP: es la del emisor menos la parte perdida",
    ),
    (
        "the client shows no loss, a known fault with an older server: it is the server's count",
        "el cliente no muestra pérdida, un fallo conocido con un servidor más antiguo: es la cuenta del servidor",
    ),
    (
        "the client shows no loss though bytes are missing, a known fault with an older server",
        "el cliente no muestra pérdida aunque faltan bytes, un fallo conocido con un servidor más antiguo",
    ),
    (
        "iperf3 itself counts {told} lost datagrams, for it sees only gaps in their numbers and those lost at the end of the \
         test leave none: the loss told is what was sent less what arrived",
        "iperf3 cuenta {told} datagramas perdidos, pues solo ve huecos en sus números y los perdidos al final de la prueba no \
         dejan ninguno: la pérdida indicada es lo enviado menos lo recibido",
    ),
    (
        "this version names the sums of both directions alike: the first is source to destination, the second the other way, \
         and most readers of its JSON show only the second",
        "esta versión llama igual a las sumas de ambos sentidos: la primera es de origen a destino, la segunda al revés, y \
         casi todos los lectores de su JSON muestran solo la segunda",
    ),
    // Reasons that older results have as text.
    ("probe {probe} has no session", "la sonda {probe} no tiene sesión"),
    ("probe {probe} has no session: {why}", "la sonda {probe} no tiene sesión: {why}"),
    ("a probe has no session", "una de las sondas no tiene sesión"),
    ("the client was never started", "el cliente no llegó a iniciarse"),
    ("not started: {why}", "no iniciada: {why}"),
    ("nothing was measured: {why}", "no se midió nada: {why}"),
    (
        "`{test}` takes its rate from the contract, and no link with a contract lies on this path",
        "`{test}` toma su tasa del contrato y en esta ruta no hay ningún enlace con contrato",
    ),
];

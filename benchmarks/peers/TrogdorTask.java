import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.apache.kafka.trogdor.common.JsonUtil;
import org.apache.kafka.trogdor.task.TaskSpec;
import org.apache.kafka.trogdor.task.TaskWorker;

/**
 * Runs one Trogdor task with Trogdor's own worker, and prints its last status.
 *
 * Trogdor's agent would do the same, but it opens a server on every network of the machine first.
 */
public final class TrogdorTask {
    public static void main(String[] arguments) throws Exception {
        TaskSpec spec = JsonUtil.JSON_SERDE.readValue(Files.readString(Path.of(arguments[0])), TaskSpec.class);
        TaskWorker worker = spec.newTaskWorker("task0");
        KafkaFutureImpl<String> done = new KafkaFutureImpl<>();
        AtomicReference<JsonNode> status = new AtomicReference<>();
        worker.start(null, status::set, done);
        String error = "";
        try {
            error = done.get(spec.durationMs(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException over) {
            // A task that runs until its time is over is stopped from outside.
        }
        worker.stop(null);
        System.out.println(JsonUtil.toJsonString(status.get()));
        if (!error.isEmpty()) {
            System.err.println(error);
        }
        System.exit(error.isEmpty() ? 0 : 1);
    }
}

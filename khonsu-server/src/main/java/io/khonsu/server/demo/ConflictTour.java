package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.CommitReceipt;
import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableConflict;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionConflictException;
import io.khonsu.TransactionOptions;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.server.demo.DemoReport.Collision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * One conflict for each strategy, on a batch table of notices to passengers: two transactions post
 * a notice under one name, and the second to commit has to do with the first. Appending is none.
 */
record ConflictTour(Khonsu db, Table notices, BufferAllocator allocator) {
  private static final Field TEXT = Field.notNullable("text", ArrowType.Utf8.INSTANCE);
  private static final String FIRST = "fog";
  private static final String SECOND = "snow";

  /** Creates the table in a store. */
  static ConflictTour in(Khonsu db, BufferAllocator allocator) {
    Table notices = db.createTable(TableSpec.batches("notices", new Schema(List.of(TEXT))));
    return new ConflictTour(db, notices, allocator);
  }

  /** {@return the outcome of every strategy} */
  List<Collision> run() {
    List<Collision> outcomes = new ArrayList<>();
    for (ConflictStrategy strategy : ConflictStrategy.values()) {
      outcomes.add(collide(strategy));
    }
    return outcomes;
  }

  private Collision collide(ConflictStrategy strategy) {
    String name = "notices under " + strategy;
    // Under SERIALIZABLE, what was not read may be written over: it would not be a conflict.
    TransactionOptions options = TransactionOptions.snapshot().onConflict(strategy);
    boolean isCommitted = true;
    Optional<TableConflict> conflict;
    try (Transaction first = db.begin(options);
        Transaction second = db.begin(options)) {
      post(first, name, FIRST);
      post(second, name, SECOND);
      var _ = first.commit();
      CommitReceipt receipt = second.commit();
      conflict = receipt.resolved().stream().findFirst();
    } catch (TransactionConflictException e) {
      isCommitted = false;
      conflict = e.conflicts().stream().findFirst();
    }
    List<String> texts = read(name);
    boolean isAsPromised =
        isCommitted == (strategy != ConflictStrategy.FAIL) && texts.equals(promised(strategy));
    String type = conflict.map(found -> found.type().name()).orElse("NONE");
    return new Collision(strategy.name(), type, isCommitted, texts, isAsPromised);
  }

  private static List<String> promised(ConflictStrategy strategy) {
    return switch (strategy) {
      case FAIL, IGNORE -> List.of(FIRST);
      case REPLACE -> List.of(SECOND);
      case APPEND -> List.of(FIRST, SECOND);
    };
  }

  private void post(Transaction transaction, String name, String text) {
    try (VectorSchemaRoot batch = notice(text)) {
      transaction.write(notices, name, batch);
    }
  }

  @MustBeClosed
  private VectorSchemaRoot notice(String text) {
    VectorSchemaRoot batch = VectorSchemaRoot.create(notices.schema(), allocator);
    ((VarCharVector) batch.getVector("text")).setSafe(0, text.getBytes(UTF_8));
    batch.setRowCount(1);
    return batch;
  }

  private List<String> read(String name) {
    return db.readOnly(snapshot -> {
      List<String> texts = new ArrayList<>();
      snapshot
          .read(notices, name)
          .ifPresent(batch -> {
            VarCharVector text = (VarCharVector) batch.vector("text");
            for (int i = 0; i < batch.rowCount(); i++) {
              texts.add(new String(text.get(i), UTF_8));
            }
          });
      return texts;
    });
  }
}

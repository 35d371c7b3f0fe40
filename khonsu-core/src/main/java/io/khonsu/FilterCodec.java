package io.khonsu;

import io.khonsu.RowFilter.And;
import io.khonsu.RowFilter.Column;
import io.khonsu.RowFilter.Comparison;
import io.khonsu.RowFilter.In;
import io.khonsu.RowFilter.IsNull;
import io.khonsu.RowFilter.Not;
import io.khonsu.RowFilter.Operand;
import io.khonsu.RowFilter.Operator;
import io.khonsu.RowFilter.Or;
import io.khonsu.RowFilter.Remainder;
import io.khonsu.RowFilter.StartsWith;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The binary form of row filters: a version byte, then the conditions in prefix order, each a tag
 * and its fields. A filter has one form only; bytes in any other are refused.
 */
final class FilterCodec {
  private static final byte VERSION = 1;

  private static final byte COMPARISON = 1;
  private static final byte IN = 2;
  private static final byte STARTS_WITH = 3;
  private static final byte IS_NULL = 4;
  private static final byte AND = 5;
  private static final byte OR = 6;
  private static final byte NOT = 7;

  private static final byte COLUMN = 1;
  private static final byte REMAINDER = 2;

  /** Their codes are their places here; an addition goes to the end. */
  private static final List<Operator> OPERATORS =
      List.of(Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE);

  private FilterCodec() {}

  /** Refuses parts that, in one more condition, are deeper than {@link RowFilter#DEPTH_MAX}. */
  static void checkDepth(List<RowFilter> parts) {
    int depth = 1 + depth(parts);
    if (depth > RowFilter.DEPTH_MAX) {
      throw new IllegalArgumentException(
          "a filter has %d levels of conditions within conditions, at most %d are allowed"
              .formatted(depth, RowFilter.DEPTH_MAX));
    }
  }

  private static int depth(List<RowFilter> parts) {
    int deepest = 0;
    for (RowFilter part : parts) {
      deepest = Math.max(deepest, depth(part));
    }
    return deepest;
  }

  private static int depth(RowFilter filter) {
    return switch (filter) {
      case Comparison _, In _, StartsWith _, IsNull _ -> 1;
      case And(var parts) -> 1 + depth(parts);
      case Or(var parts) -> 1 + depth(parts);
      case Not(var part) -> 1 + depth(part);
    };
  }

  static byte[] encode(RowFilter filter) {
    LiteralWriter out = new LiteralWriter(RowFilter.SIZE_MAX_BYTES);
    out.writeByte(VERSION);
    write(filter, out);
    return out.toByteArray();
  }

  private static void write(RowFilter filter, LiteralWriter out) {
    switch (filter) {
      case Comparison(var operand, var operator, var constant) -> {
        out.writeByte(COMPARISON);
        write(operand, out);
        out.writeByte((byte) OPERATORS.indexOf(operator));
        out.write(constant);
      }
      case In(var operand, var constants) -> {
        out.writeByte(IN);
        write(operand, out);
        out.writeLength(constants.size());
        constants.forEach(out::write);
      }
      case StartsWith(var column, var prefix) -> {
        out.writeByte(STARTS_WITH);
        out.writeString(column.name());
        out.write(prefix);
      }
      case IsNull(var column) -> {
        out.writeByte(IS_NULL);
        out.writeString(column.name());
      }
      case And(var parts) -> write(AND, parts, out);
      case Or(var parts) -> write(OR, parts, out);
      case Not(var part) -> {
        out.writeByte(NOT);
        write(part, out);
      }
    }
  }

  private static void write(byte tag, List<RowFilter> parts, LiteralWriter out) {
    out.writeByte(tag);
    out.writeLength(parts.size());
    for (RowFilter part : parts) {
      write(part, out);
    }
  }

  private static void write(Operand operand, LiteralWriter out) {
    switch (operand) {
      case Column(var name) -> {
        out.writeByte(COLUMN);
        out.writeString(name);
      }
      case Remainder(var column, long divisor) -> {
        out.writeByte(REMAINDER);
        out.writeString(column.name());
        out.writeLong(divisor);
      }
    }
  }

  static RowFilter decode(byte[] encoded) {
    if (encoded.length > RowFilter.SIZE_MAX_BYTES) {
      throw malformed(
          "an encoded filter of %d bytes is longer than %d"
              .formatted(encoded.length, RowFilter.SIZE_MAX_BYTES),
          null);
    }
    try {
      LiteralReader in = new LiteralReader(ByteBuffer.wrap(encoded));
      byte version = in.readByte();
      if (version != VERSION) {
        throw malformed(
            "an encoded filter has version %d, known is %d".formatted(version, VERSION), null);
      }
      RowFilter result = readFilter(in, 1);
      // Other forms of the same filter would make equal commit requests differ.
      if (!Arrays.equals(encode(result), encoded)) {
        throw malformed("an encoded filter is not in its only form", null);
      }
      return result;
    } catch (MalformedFilterException e) {
      throw e;
    } catch (BufferUnderflowException e) {
      throw malformed("an encoded filter ends too early", e);
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      throw malformed("an encoded filter has a field that cannot be: " + e.getMessage(), e);
    }
  }

  private static RowFilter readFilter(LiteralReader in, int depth) {
    if (depth > RowFilter.DEPTH_MAX) {
      throw malformed("an encoded filter is deeper than " + RowFilter.DEPTH_MAX, null);
    }
    byte tag = in.readByte();
    return switch (tag) {
      case COMPARISON -> new Comparison(readOperand(in), readOperator(in), in.read());
      case IN -> new In(readOperand(in), readConstants(in));
      case STARTS_WITH -> new StartsWith(new Column(in.readString()), in.read());
      case IS_NULL -> new IsNull(new Column(in.readString()));
      case AND -> new And(readParts(in, depth + 1));
      case OR -> new Or(readParts(in, depth + 1));
      case NOT -> new Not(readFilter(in, depth + 1));
      default -> throw malformed("an encoded filter has the unknown condition " + tag, null);
    };
  }

  private static List<RowFilter> readParts(LiteralReader in, int depth) {
    int count = in.readLength();
    List<RowFilter> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parts.add(readFilter(in, depth));
    }
    return parts;
  }

  private static List<Literal> readConstants(LiteralReader in) {
    int count = in.readLength();
    List<Literal> constants = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      constants.add(in.read());
    }
    return constants;
  }

  private static Operand readOperand(LiteralReader in) {
    byte tag = in.readByte();
    return switch (tag) {
      case COLUMN -> new Column(in.readString());
      case REMAINDER -> new Column(in.readString()).mod(in.readLong());
      default -> throw malformed("an encoded filter has the unknown operand " + tag, null);
    };
  }

  private static Operator readOperator(LiteralReader in) {
    byte code = in.readByte();
    if (code < 0 || code >= OPERATORS.size()) {
      throw malformed("an encoded filter has the unknown operator " + code, null);
    }
    return OPERATORS.get(code);
  }

  private static MalformedFilterException malformed(String message, @Nullable Throwable cause) {
    return new MalformedFilterException(message, cause);
  }
}

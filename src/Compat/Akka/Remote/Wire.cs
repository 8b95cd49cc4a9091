using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Akka.Remote;

/// <summary>Writes a frame's fields, one after another.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    internal int Length => _buffer.WrittenCount;

    internal ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    internal void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    internal void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    internal void Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    internal void Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    internal void String(string value)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        Int(bytes);
        Encoding.UTF8.GetBytes(value, _buffer.GetSpan(Math.Max(1, bytes)));
        _buffer.Advance(bytes);
    }

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        Int(value.Length);
        _buffer.Write(value);
    }

    internal void List<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        Int(items.Count);
        foreach (var item in items) write(item);
    }
}

/// <summary>Reads what <see cref="WireWriter"/> wrote.</summary>
internal sealed class WireReader(ReadOnlyMemory<byte> frame)
{
    private int _at;

    internal byte Byte() => Take(1)[0];

    internal bool Bool() => Byte() != 0;

    internal int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    internal long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    internal string String() => Encoding.UTF8.GetString(Take(Int()));

    internal ReadOnlySpan<byte> Bytes() => Take(Int());

    internal T[] List<T>(Func<T> read)
    {
        var count = Int();
        // Each item takes a byte at least; a larger count is a broken frame.
        if (count < 0 || count > frame.Length - _at) throw new InvalidDataException("A frame's list is longer than the frame.");
        var items = new T[count];
        for (var i = 0; i < count; i++) items[i] = read();
        return items;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > frame.Length - _at) throw new InvalidDataException("A frame ends too early.");
        var taken = frame.Span.Slice(_at, count);
        _at += count;
        return taken;
    }
}

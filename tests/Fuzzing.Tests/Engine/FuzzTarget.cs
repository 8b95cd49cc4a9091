namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>One reader of bytes from outside, and what it promises of any bytes: a value, or its documented refusal.</summary>
internal sealed class FuzzTarget
{
    /// <summary>Its name, and that of its folder in Corpus.</summary>
    public required string Name { get; init; }

    /// <summary>Reads an input on the calling thread.</summary>
    public required Action<byte[]> Read { get; init; }

    /// <summary>Whether an exception is the one that the reader documents.</summary>
    public Func<Exception, bool> IsRefusal { get; init; } = _ => false;

    /// <summary>Inputs that the reader takes, made by this repository's own writers.</summary>
    public required Func<IEnumerable<byte[]>> Seeds { get; init; }

    /// <summary>Whether the input is text: lines, numbers and quoted words are changed too.</summary>
    public bool IsText { get; init; }

    /// <summary>How deep <see cref="Parts"/> stand in one another in the input: each is changed by itself. 0: there are none.</summary>
    public int PartDepth { get; init; }

    /// <summary>Words that the reader knows: put into inputs and between their parts.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Bytes that reading may allocate whatever the input, for what is made once: 64 KiB.</summary>
    public long AllocatedAlways { get; init; } = 64 * 1024;

    /// <summary>Bytes that reading may allocate more for each byte of input.</summary>
    public long AllocatedPerByte { get; init; } = 64;

    /// <summary>How many times as long as the others a read takes: the target gets so many times fewer inputs.</summary>
    public int Cost { get; init; } = 1;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

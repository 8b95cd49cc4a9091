using System.Text;

namespace TrainingCluster.Cli.Display;

/// <summary>A stream of the process that goes to a <see cref="LiveScreen"/>: its text stands above the line that is drawn there.</summary>
internal sealed class ScreenWriter(LiveScreen screen, TextWriter inner) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => screen.Write(inner, [value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => screen.Write(inner, buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => screen.Write(inner, buffer);

    /// <inheritdoc/>
    public override void Write(string? value) => screen.Write(inner, value);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => screen.Write(inner, value + NewLine);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    /// <remarks>As the process' own streams do it: a terminal takes text at once.</remarks>
    public override Task WriteAsync(string? value)
    {
        Write(value);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteLineAsync(string? value)
    {
        WriteLine(value);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteLineAsync()
    {
        WriteLine("");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task FlushAsync()
    {
        Flush();
        return Task.CompletedTask;
    }
}

namespace TrainingCluster.Cli.Display;

/// <summary>
/// A terminal whose last line may be drawn again and again. The line is never longer than the window, is drawn with the wrap at the right
/// margin off, and leaves the cursor at its beginning: so a window that is made narrower, which may break the line in several, is clean
/// again with the next drawing.
/// </summary>
/// <param name="output">The terminal.</param>
/// <param name="columns">Its width now; null: not known.</param>
internal sealed class LiveScreen(TextWriter output, Func<int?> columns)
{
    private const int UsualColumns = 80;
    private const string ToStart = "\r";
    private const string EraseBelow = "\e[J";
    private const string WrapOff = "\e[?7l";
    private const string WrapOn = "\e[?7h";
    private const string HideCursor = "\e[?25l";

    /// <summary>Makes the cursor visible again.</summary>
    public const string ShowCursor = "\e[?25h";

    private readonly Lock _lock = new();
    private string? _line;
    private bool _lineIsOpen;

    /// <summary>Draws the line anew.</summary>
    /// <param name="line">Gives the line for so many columns at most.</param>
    public void Show(Func<int, string> line)
    {
        lock (_lock)
        {
            // The last column stays free: a cursor that waits there differs from terminal to terminal.
            _line = Cells.Cut(line(Math.Max(1, (columns() ?? UsualColumns) - 1)), Math.Max(1, (columns() ?? UsualColumns) - 1));
            Draw();
        }
    }

    /// <summary>Leaves the line where it is; what is written next stands below it.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_line is not { } line)
            {
                return;
            }
            _line = null;
            output.Write($"{ToStart}{EraseBelow}{line}\n{ShowCursor}");
            output.Flush();
        }
    }

    /// <summary>Writes text that stays, above the line.</summary>
    /// <param name="target">The same terminal.</param>
    /// <param name="text">Any text; after one that does not end a line, the line is not drawn until that is ended.</param>
    public void Write(TextWriter target, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }
        lock (_lock)
        {
            if (_line is not null && !_lineIsOpen)
            {
                output.Write($"{ToStart}{EraseBelow}");
                output.Flush();
            }
            target.Write(text);
            _lineIsOpen = text[^1] != '\n';
            if (_line is not null)
            {
                target.Flush();
                Draw();
            }
        }
    }

    private void Draw()
    {
        if (!_lineIsOpen)
        {
            output.Write($"{HideCursor}{ToStart}{EraseBelow}{WrapOff}{_line}{WrapOn}{ToStart}");
            output.Flush();
        }
    }
}

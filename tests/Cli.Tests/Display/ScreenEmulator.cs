using System.Text;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Tests.Display;

/// <summary>
/// What a terminal of so many columns shows of the bytes that it gets: cursor, carriage return, erasing, and the wrap at the right margin.
/// What it is not made for is an error, so that nothing is overlooked.
/// </summary>
internal sealed class ScreenEmulator(int columns, bool reflows = true)
{
    // A cell of "" is the right half of a wide character.
    private readonly List<Row> _rows = [new()];
    private readonly StringBuilder _escape = new();
    private int _columns = columns;
    private int _row;
    private int _column;
    private bool _wraps = true;
    private bool _wrapIsDue;

    /// <summary>Escape sequences seen.</summary>
    public int Escapes { get; private set; }

    public bool IsCursorVisible { get; private set; } = true;

    /// <summary>The lines, without spaces at their ends.</summary>
    public IReadOnlyList<string> Lines => [.. _rows.Select(row => string.Concat(row.Cells).TrimEnd())];

    /// <summary>All that is on the screen and above it.</summary>
    public string Text => string.Join('\n', Lines).TrimEnd('\n');

    public void Feed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (_escape.Length > 0)
            {
                Escape(rune);
            }
            else
            {
                Put(rune);
            }
        }
    }

    /// <summary>
    /// Another width. Terminals that reflow (VTE, kitty, Windows Terminal) break long lines in several and keep the cursor at its place in
    /// the text; others (xterm) cut what is beyond the margin.
    /// </summary>
    public void Resize(int columns)
    {
        _columns = columns;
        _wrapIsDue = false;
        if (!reflows)
        {
            _rows.ForEach(row => row.Cells.RemoveRange(Math.Min(columns, row.Cells.Count), Math.Max(0, row.Cells.Count - columns)));
            _column = Math.Min(_column, columns - 1);
            return;
        }
        // 1. lines as they were before any wrap, with the cursor's place; 2. broken anew.
        var (whole, cursorLine, cursorAt) = (new List<List<string>>(), 0, 0);
        for (var at = 0; at < _rows.Count; at++)
        {
            if (at == 0 || !_rows[at - 1].Continues)
            {
                whole.Add([]);
            }
            if (at == _row)
            {
                (cursorLine, cursorAt) = (whole.Count - 1, whole[^1].Count + _column);
            }
            whole[^1].AddRange(_rows[at].Cells);
        }
        _rows.Clear();
        for (var line = 0; line < whole.Count; line++)
        {
            var cells = whole[line];
            for (var start = 0; start == 0 || start < cells.Count; start += columns)
            {
                var count = Math.Min(columns, cells.Count - start);
                if (line == cursorLine && cursorAt >= start && (cursorAt < start + columns))
                {
                    (_row, _column) = (_rows.Count, cursorAt - start);
                }
                _rows.Add(new Row { Cells = cells.GetRange(start, count), Continues = start + count < cells.Count });
            }
        }
    }

    private void Put(Rune rune)
    {
        switch (rune.Value)
        {
            case '\e':
                _escape.Append('\e');
                break;
            case '\r':
                (_column, _wrapIsDue) = (0, false);
                break;
            case '\n':
                Down();
                break;
            case '\a':
                break;
            case < 32:
                Assert.Fail($"control character {rune.Value}");
                break;
            default:
                Print($"{rune}");
                break;
        }
    }

    private void Print(string text)
    {
        var width = Cells.Width(text);
        if (_wrapIsDue || (_wraps && _column + width > _columns))
        {
            _rows[_row].Continues = true;
            _column = 0;
            Down();
        }
        var cells = _rows[_row].Cells;
        while (cells.Count < _column + width)
        {
            cells.Add(" ");
        }
        cells[_column] = text;
        if (width == 2)
        {
            cells[_column + 1] = "";
        }
        _column += width;
        if (_column >= _columns)
        {
            (_column, _wrapIsDue) = (_columns - 1, _wraps);
        }
    }

    private void Down()
    {
        _wrapIsDue = false;
        if (++_row == _rows.Count)
        {
            _rows.Add(new());
        }
    }

    private void Escape(Rune rune)
    {
        _escape.Append(rune);
        if (_escape.ToString() is "\e=" or "\e>")
        {
            // The keypad's mode.
            _escape.Clear();
            return;
        }
        if (_escape.Length < 3 || !Rune.IsLetter(rune))
        {
            return;
        }
        Escapes++;
        switch (_escape.ToString())
        {
            case "\e[J":
                Cut(_rows[_row].Cells, _column);
                _rows[_row].Continues = false;
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            case "\e[K":
                Cut(_rows[_row].Cells, _column);
                break;
            case "\e[?7h":
                _wraps = true;
                break;
            case "\e[?7l":
                _wraps = false;
                break;
            case "\e[?25h":
                IsCursorVisible = true;
                break;
            case "\e[?25l":
                IsCursorVisible = false;
                break;
            default:
                // The runtime's own: keypad and mouse modes do not move the cursor.
                if (_escape[^1] is not ('h' or 'l' or 'm'))
                {
                    Assert.Fail($"escape sequence {_escape.ToString()[1..]}");
                }
                break;
        }
        _escape.Clear();
    }

    private static void Cut(List<string> cells, int at) => cells.RemoveRange(Math.Min(at, cells.Count), Math.Max(0, cells.Count - at));

    private sealed class Row
    {
        public List<string> Cells { get; init; } = [];

        public bool Continues { get; set; }
    }
}

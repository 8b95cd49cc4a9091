using System.Globalization;
using System.Text;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// A small real task made from a seed: dates from 1900 to 2099 as people write them in English, German and Chinese, to be
/// turned into ISO dates. Forms that could be read two ways (03/04/21) do not occur: dots are German and put the day first,
/// slashes and dashes between numbers put the year first.
/// </summary>
public static class DatesTask
{
    private static readonly string[] s_englishMonths =
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];

    private static readonly string[] s_englishShortMonths =
    [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sept",
        "Oct",
        "Nov",
        "Dec",
    ];

    // By System.DayOfWeek: Sunday first.
    private static readonly string[] s_englishDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private static readonly string[] s_germanMonths =
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ];

    private static readonly string[] s_germanShortMonths =
    [
        "Jan.",
        "Feb.",
        "Mrz.",
        "Apr.",
        "Mai",
        "Jun.",
        "Jul.",
        "Aug.",
        "Sept.",
        "Okt.",
        "Nov.",
        "Dez.",
    ];

    private static readonly string[] s_germanDays = ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"];

    private const string ChineseDays = "日一二三四五六";

    private const string ChineseDigits = "〇一二三四五六七八九";

    /// <summary>Pairs with distinct sources, cut in three.</summary>
    /// <param name="seed">Another seed, other dates.</param>
    /// <param name="train">Pairs to learn from.</param>
    /// <param name="validation">Pairs to watch while learning.</param>
    /// <param name="heldOut">Pairs to test at the end.</param>
    public static DatesSplit Split(ulong seed, int train = 20_000, int validation = 200, int heldOut = 1_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(train);
        ArgumentOutOfRangeException.ThrowIfNegative(validation);
        ArgumentOutOfRangeException.ThrowIfNegative(heldOut);
        var pairs = Generate(seed, train + validation + heldOut);
        return new DatesSplit(pairs[..train], pairs[train..(train + validation)], pairs[(train + validation)..]);
    }

    /// <summary><paramref name="count"/> pairs with distinct sources, at most 1,000,000.</summary>
    public static DatePair[] Generate(ulong seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        // Some millions of sources exist; drawing distinct ones gets slow long before none is left.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1_000_000);
        var random = new DeterministicRandom(seed);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var pairs = new DatePair[count];
        for (var i = 0; i < count; )
        {
            var date = new DateOnly(1900, 1, 1).AddDays(random.Next(73_049));
            var source = random.Next(3) switch
            {
                0 => WithCase(English(date, random), random),
                1 => WithCase(German(date, random), random),
                _ => Chinese(date, random),
            };
            if (seen.Add(source))
            {
                pairs[i++] = new DatePair(source, date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            }
        }
        return pairs;
    }

    private static string English(DateOnly date, DeterministicRandom random)
    {
        var (year, day) = (date.Year, date.Day);
        var month =
            random.Next(3) == 0
                ? s_englishShortMonths[date.Month - 1] + (date.Month == 5 || random.Next(2) == 0 ? "" : ".")
                : s_englishMonths[date.Month - 1];
        var dayName = s_englishDays[(int)date.DayOfWeek];
        var prefix = random.Next(4) switch
        {
            0 => dayName + ", ",
            1 => dayName[..3] + ", ",
            _ => "",
        };
        return prefix
            + random.Next(8) switch
            {
                0 => $"{month} {day}, {year}",
                1 => $"{month} {day}{Ordinal(day)}, {year}",
                2 => $"{day} {month} {year}",
                3 => $"{day}{Ordinal(day)} {month} {year}",
                4 => $"the {day}{Ordinal(day)} of {month} {year}",
                5 => $"{month} the {day}{Ordinal(day)}, {year}",
                6 => $"{year} {month} {day}",
                _ => random.Next(2) == 0 ? $"{year}/{date.Month}/{day}" : $"{day:00}-{month}-{year}",
            };
    }

    private static string German(DateOnly date, DeterministicRandom random)
    {
        var (year, day) = (date.Year, date.Day);
        var month = random.Next(3) switch
        {
            0 => s_germanShortMonths[date.Month - 1],
            1 when date.Month == 1 && random.Next(4) == 0 => "Jänner",
            _ => s_germanMonths[date.Month - 1],
        };
        var dayName = s_germanDays[(int)date.DayOfWeek];
        var prefix = random.Next(6) switch
        {
            0 => dayName + ", ",
            1 => dayName + ", den ",
            2 => dayName[..2] + "., ",
            3 => "am ",
            _ => "",
        };
        return prefix
            + random.Next(5) switch
            {
                0 => $"{day:00}.{date.Month:00}.{year}",
                1 => $"{day}.{date.Month}.{year}",
                2 => $"{day:00}. {month} {year}",
                _ => $"{day}. {month} {year}",
            };
    }

    private static string Chinese(DateOnly date, DeterministicRandom random)
    {
        var (year, month, day) = (date.Year, date.Month, date.Day);
        var dayWord = random.Next(4) == 0 ? "号" : "日";
        var text = random.Next(4) switch
        {
            0 => $"{year}年{month}月{day}{dayWord}",
            1 => $"{year}年{month:00}月{day:00}{dayWord}",
            2 => $"{ChineseYear(year, '〇')}年{ChineseNumber(month)}月{ChineseNumber(day)}{dayWord}",
            _ => $"{ChineseYear(year, random.Next(3) == 0 ? '零' : '〇')}年{ChineseNumber(month)}月{ChineseNumber(day)}{dayWord}",
        };
        var dayName = ChineseDays[(int)date.DayOfWeek];
        return random.Next(6) switch
        {
            0 => $"{text}星期{dayName}",
            1 => $"{text}，周{dayName}",
            _ => text,
        };
    }

    private static string WithCase(string text, DeterministicRandom random) =>
        random.Next(8) switch
        {
            0 => text.ToLowerInvariant(),
            1 => text.ToUpperInvariant(),
            _ => text,
        };

    private static string Ordinal(int day) =>
        (day % 10, day / 10) switch
        {
            (1, not 1) => "st",
            (2, not 1) => "nd",
            (3, not 1) => "rd",
            _ => "th",
        };

    /// <summary>Digit by digit: 2021 is 二〇二一.</summary>
    private static string ChineseYear(int year, char zero)
    {
        var text = new StringBuilder(4);
        foreach (var digit in year.ToString(CultureInfo.InvariantCulture))
        {
            text.Append(digit == '0' ? zero : ChineseDigits[digit - '0']);
        }
        return text.ToString();
    }

    /// <summary>By value: 23 is 二十三, 10 is 十, 20 is 二十.</summary>
    private static string ChineseNumber(int number)
    {
        var tens = (number / 10) switch
        {
            0 => "",
            1 => "十",
            var count => ChineseDigits[count] + "十",
        };
        return number % 10 == 0 ? tens : tens + ChineseDigits[number % 10];
    }
}

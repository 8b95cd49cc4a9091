using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace TrainingCluster.Cli.Tests;

/// <summary>A real browser without a window. Tests that need one are skipped where it is not installed.</summary>
internal static class Browser
{
    private static readonly string? s_program = new[]
    {
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    }.FirstOrDefault(File.Exists);

    /// <summary>Opens a page, lets its scripts run, and returns the text of its element <c>result</c>.</summary>
    public static async Task<string> ReadResultAsync(string html)
    {
        Assert.SkipUnless(s_program is not null, "Chromium is not installed.");
        using var folder = new TestFolder();
        var page = folder.At("page.html");
        await File.WriteAllTextAsync(page, html);
        using var process = Process.Start(
            new ProcessStartInfo(
                s_program!,
                [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-crash-reporter",
                    $"--user-data-dir={folder.At("profile")}",
                    "--dump-dom",
                    "file://" + page,
                ]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        }
        finally
        {
            // Where it hangs, with its helpers. Otherwise they end by themselves, and the ends of their output tell it.
            process.Kill(entireProcessTree: true);
        }
        await errors;
        var result = Regex.Match(await output, "<p id=\"result\">(.*?)</p>", RegexOptions.Singleline).Groups[1].Value;
        return WebUtility.HtmlDecode(result);
    }
}

using System.Text.RegularExpressions;
using Microsoft.Playwright;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.TestSupport.Web;

namespace TrainingCluster.Coordinator.Tests.Web;

/// <summary>The pages as people see them: in a real browser.</summary>
public class PageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static readonly Uri s_translateAt = new("http://127.0.0.1:9/");

    // The CSS that a test waits on comes from the page's own scripts.
    private const string Drawn = "[data-curves][data-drawn] figure.chart polyline";

    [Theory]
    [InlineData("/", 1280, false)]
    [InlineData("/", 1280, true)]
    [InlineData("/", 420, false)]
    [InlineData("/", 420, true)]
    [InlineData("/jobs/running-1", 1280, false)]
    [InlineData("/jobs/running-1", 1280, true)]
    [InlineData("/jobs/running-1", 420, false)]
    [InlineData("/jobs/running-1", 420, true)]
    [InlineData("/jobs/running-1?log=warning", 1280, false)]
    [InlineData("/jobs/running-1?log=warning", 1280, true)]
    [InlineData("/jobs/running-1?log=warning", 420, false)]
    [InlineData("/jobs/failed-1?log=error", 420, true)]
    [InlineData("/jobs/failed-1", 1280, false)]
    [InlineData("/jobs/none", 420, false)]
    [InlineData("/jobs/running-1/audit", 1280, false)]
    [InlineData("/compare?job=running-1&job=failed-1&job=gone", 1280, true)]
    [InlineData("/compare", 420, false)]
    [InlineData("/figures", 1280, false)]
    [InlineData("/figures", 420, true)]
    public async Task Page_OfEveryKind_IsAccessibleAndFits(string path, int width, bool dark)
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync(width, dark);
        var complaints = BrowserFixture.Complaints(page);

        await GoAsync(page, server, path);

        await BrowserFixture.RequireAccessibleAsync(page, width);
        Assert.DoesNotContain(complaints, c => !c.Contains("404", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cluster_Alerts_AreNamedAsTheirRulesAndComeAndGo()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        page.Dialog += (_, dialog) => Assert.Fail($"a script ran: {dialog.Message}");
        await GoAsync(page, server, "/");

        var alerts = page.Locator("#alerts li");
        Assert.Equal(
            ["TrainingJobFailed critical", "TrainingCertificateEnds warning", "TrainingJobsWaiting info", "TrainingWorkerMissing pending"],
            await alerts.EvaluateAllAsync<string[]>(
                "all => all.map(li => `${li.querySelector('strong').textContent} ${li.querySelector('.badge').textContent}`)"
            )
        );
        Assert.Contains("Worker <img src=x onerror=alert(1)> was lost", await alerts.Last.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("fires after 2 min", await alerts.Last.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal("/jobs/failed-1", await alerts.First.Locator("a").GetAttributeAsync("href"));

        server.Alerts.Judge(new() { Now = TimeProvider.System.GetUtcNow() });
        await alerts.First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal(0, await page.Locator("#alerts h2").CountAsync());
    }

    [Fact]
    public async Task Job_Log_HasLinesAndFaultsAndIsFilteredByTheKeyboard()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/jobs/running-1");
        Assert.Equal(["warning", "warning"], await page.Locator("#log-lines tbody td:nth-child(2)").AllInnerTextsAsync());
        Assert.Contains("worker-2 (rank 1, 10.0.0.8)", await page.InnerTextAsync("#log-lines"), StringComparison.Ordinal);
        Assert.Contains("its actor ended", await page.InnerTextAsync("#log-lines"), StringComparison.Ordinal);
        Assert.DoesNotContain("alert(1)", await page.InnerTextAsync("#events"), StringComparison.Ordinal);

        await page.FocusAsync("#log-choice");
        await page.Keyboard.PressAsync("End");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        // Asked again until it is so: WaitForURLAsync can miss a page that comes at once.
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/jobs/running-1\\?log=error#log-title$"));
        await page.Locator("html[data-ready]").WaitForAsync();
        Assert.Contains("Nothing so grave", await page.InnerTextAsync("#log-lines"), StringComparison.Ordinal);
        Assert.Equal("error", await page.InputValueAsync("#log-choice"));
        // What is renewed afterwards is filtered as well.
        await server.Control.SuspendAsync("running-1", TestContext.Current.CancellationToken);
        await page.Locator("#action-resume").WaitForAsync();
        Assert.Contains("Nothing so grave", await page.InnerTextAsync("#log-lines"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_ServerOfTranslationsKnown_LinkToItWithTheJob()
    {
        await using var server = await FilledAsync();
        await server.AddAsync(JobPhase.Succeeded, "done <1>");
        Directory.CreateDirectory(server.Data.Model("done <1>"));
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/");
        Assert.Equal(s_translateAt.ToString(), await page.Locator("nav a:has-text('Try it')").GetAttributeAsync("href"));

        await GoAsync(page, server, "/jobs/done%20%3C1%3E");
        Assert.Equal($"{s_translateAt}?model=done%20%3C1%3E", await page.GetAttributeAsync("#try-it", "href"));
        // One that has nothing yet has no link; nor has any where no server is known.
        await GoAsync(page, server, "/jobs/running-1");
        Assert.Equal(0, await page.Locator("#try-it").CountAsync());
        await using var alone = await WebServer.StartAsync();
        await GoAsync(page, alone, "/");
        Assert.Equal(0, await page.Locator("nav a:has-text('Try it')").CountAsync());
    }

    [Fact]
    public async Task Job_DeletedWhileWatched_SaysSo()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync(420, dark: true);
        await GoAsync(page, server, "/jobs/failed-1");

        await server.Store.DeleteAsync("failed-1");

        await page.Locator("h1:has-text('Not found')").WaitForAsync();
        Assert.Contains("There is no job 'failed-1'", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await BrowserFixture.RequireAccessibleAsync(page, 420);
    }

    [Fact]
    public async Task Page_EmptyCluster_SaysWhatToDo()
    {
        await using var server = await WebServer.StartAsync();
        var page = await browser.OpenAsync();

        await GoAsync(page, server, "/");

        Assert.Contains("./cluster submit job.yaml", await page.InnerTextAsync("#jobs"), StringComparison.Ordinal);
        Assert.Contains("./cluster up", await page.InnerTextAsync("#workers"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cluster_WordsOfOthers_AreText()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        page.Dialog += (_, dialog) => Assert.Fail($"a script ran: {dialog.Message}");

        await GoAsync(page, server, "/");
        Assert.Contains("<img src=x onerror=alert(1)>", await page.InnerTextAsync("#workers"), StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator("a[href^='javascript']").CountAsync());
        Assert.Contains("needs 4 workers, 2 are here", await page.InnerTextAsync("#queue"), StringComparison.Ordinal);
        Assert.Equal(1, await page.Locator("#workers svg.spark polyline").CountAsync());

        await GoAsync(page, server, "/jobs/running-1");
        Assert.Contains("<script>alert(1)</script>", await page.InnerTextAsync("#log-lines"), StringComparison.Ordinal);
        Assert.Contains("ein <b>Hund</b>", await page.InnerTextAsync("#samples"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_NewStateAndSteps_ComeByThemselves()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/jobs/running-1");
        await page.EvaluateAsync("window.stays = 1");
        await page.FocusAsync("#action-cancel");

        await server.Control.SuspendAsync("running-1", TestContext.Current.CancellationToken);
        await page.Locator("#action-resume").WaitForAsync();

        Assert.Equal("suspended", await page.InnerTextAsync("#state .badge"));
        // The page was not loaded again, and who stood on a button still does.
        Assert.Equal(1, await page.EvaluateAsync<int>("window.stays"));
        Assert.Equal("action-cancel", await page.EvaluateAsync<string>("document.activeElement.id"));
    }

    [Fact]
    public async Task Job_Buttons_SuspendResumeAndCancelAfterAsking()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/jobs/running-1");

        await page.ClickAsync("#action-suspend");
        await page.Locator("#action-resume").ClickAsync();
        await page.Locator("#action-suspend").WaitForAsync();
        var asked = "";
        var answer = false;
        page.Dialog += async (_, dialog) =>
        {
            asked = dialog.Message;
            await (answer ? dialog.AcceptAsync() : dialog.DismissAsync());
        };
        await page.ClickAsync("#action-cancel");
        Assert.Contains("Cancel running-1?", asked, StringComparison.Ordinal);
        Assert.Equal(JobPhase.Waiting, (await server.Store.GetAsync("running-1"))!.Record.Phase);

        answer = true;
        await page.ClickAsync("#action-cancel");
        await page.Locator("#state .badge.cancelled").WaitForAsync();
        Assert.Equal(JobPhase.Cancelled, (await server.Store.GetAsync("running-1"))!.Record.Phase);
        Assert.Equal(0, await page.Locator(".actions form").CountAsync());
    }

    [Fact]
    public async Task Curves_AxisScaleSmoothingAndZoom_ChangeWhatIsDrawn()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/jobs/running-1");
        await page.Locator(Drawn).First.WaitForAsync();
        Assert.Equal(5, await page.Locator("figure.chart").CountAsync());
        var loss = page.Locator("figure.chart").First;

        var seen = new HashSet<string> { await LineAsync() };
        await page.SelectOptionAsync("#axis", "minutes");
        Assert.Contains("minutes", await loss.Locator("svg").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        await page.SelectOptionAsync("#axis", "tokens");
        Assert.Contains("newest: 1.06", await loss.Locator("svg").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        await page.SelectOptionAsync("#axis", "steps");
        await page.CheckAsync("#log");
        Assert.True(seen.Add(await LineAsync()), "the logarithmic scale changed nothing");
        await page.EvaluateAsync("const s = document.getElementById('smoothing'); s.value = .9; s.dispatchEvent(new Event('input'))");
        Assert.True(seen.Add(await LineAsync()), "smoothing changed nothing");
        await loss.Locator("svg").FocusAsync();
        await page.Keyboard.PressAsync("+");
        var zoomed = await LineAsync();
        Assert.True(seen.Add(zoomed), "the keyboard zoomed nothing");
        await page.Keyboard.PressAsync("ArrowRight");
        Assert.True(seen.Add(await LineAsync()), "the keyboard moved nothing");
        await page.Keyboard.PressAsync("Escape");
        Assert.NotEqual(zoomed, await LineAsync());
        var box = (await loss.Locator("svg").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width * 0.4f, box.Y + 40);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + box.Width * 0.7f, box.Y + 60);
        await page.Mouse.UpAsync();
        Assert.True(seen.Add(await LineAsync()), "the pointer zoomed nothing");

        async Task<string> LineAsync() => (await loss.Locator("polyline").First.GetAttributeAsync("points"))!;
    }

    [Fact]
    public async Task Curves_Downloads_HaveWhatIsDrawn()
    {
        await using var server = await FilledAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/compare?job=running-1&job=failed-1");
        await page.Locator(Drawn).First.WaitForAsync();
        // Two jobs: two lines in each chart with lines.
        Assert.Equal(2, await page.Locator("figure.chart").First.Locator("polyline").CountAsync());

        var csv = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#csv"));
        var lines = await File.ReadAllLinesAsync(await csv.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal("job,step,seconds,loss,learning_rate,gradient_norm,tokens", lines[0]);
        Assert.Equal(100, lines.Count(line => line.StartsWith("running-1,", StringComparison.Ordinal) && line.Count(c => c == ',') == 6));
        Assert.Contains("running-1,100,33.25", lines);

        var svg = await page.RunAndWaitForDownloadAsync(() => page.Locator("figure.chart button").First.ClickAsync());
        var drawing = System.Xml.Linq.XDocument.Load(await svg.PathAsync());
        Assert.Equal(2, drawing.Descendants().Count(e => e.Name.LocalName == "polyline"));
    }

    [Fact]
    public async Task Figures_Computed_AreTheEquations()
    {
        await using var server = await WebServer.StartAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/figures");
        const string module = "import('/assets/figures.js').then(f => ";

        // Two keys at the distances 0 and σ: weights in the ratio 1 : e^-½.
        var mean = await page.EvaluateAsync<double>(module + "f.pooled(1, [1, 1.5], [0, 1], 0.5))");
        Assert.Equal(Math.Exp(-0.5) / (1 + Math.Exp(-0.5)), mean, 12);
        var there = await page.EvaluateAsync<double[]>(module + "f.encoding(12, 3, 32))");
        var angle = 12 * Math.Pow(10000, -6.0 / 32);
        Assert.Equal([Math.Sin(angle), Math.Cos(angle)], there, (a, b) => Math.Abs(a - b) < 1e-12);
        var turned = await page.EvaluateAsync<double[]>(module + "f.turned(f.encoding(7, 3, 32), 5 * f.frequency(3, 32)))");
        Assert.Equal(there, turned, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Math.Log(4), await page.EvaluateAsync<double>(module + "f.entropy(f.softmax([1, 1, 1, 1])))"), 12);
    }

    [Fact]
    public async Task Figures_MovedSliders_TellWhatFollows()
    {
        await using var server = await WebServer.StartAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server, "/figures");
        var sliders = new[]
        {
            ("sigma", "kernel-words"),
            ("query", "kernel-words"),
            ("position", "position-words"),
            ("offset", "position-words"),
            ("pair", "position-words"),
            ("width", "score-words"),
        };
        foreach (var (slider, words) in sliders)
        {
            var before = await page.InnerTextAsync($"#{words}");
            await page.FocusAsync($"#{slider}");
            await page.Keyboard.PressAsync("ArrowRight");
            Assert.NotEqual(before, await page.InnerTextAsync($"#{words}"));
        }
        var scores = await page.InnerTextAsync("#score-words");
        await page.FocusAsync("#again");
        await page.Keyboard.PressAsync("Enter");
        Assert.NotEqual(scores, await page.InnerTextAsync("#score-words"));
    }

    private static async Task<WebServer> FilledAsync()
    {
        var server = await WebServer.StartAsync(translateAt: s_translateAt);
        await server.AddAsync(JobPhase.Running, "running-1");
        await server.AddAsync(JobPhase.Failed, "failed-1", "the loss was NaN 5 times in a row");
        server.AddWorkers("running-1");
        server.AddAlerts("failed-1");
        return server;
    }

    private static async Task GoAsync(IPage page, WebServer server, string path)
    {
        await page.GotoAsync(new Uri(server.Address, path).ToString());
        await page.Locator("html[data-ready]").WaitForAsync();
    }
}
